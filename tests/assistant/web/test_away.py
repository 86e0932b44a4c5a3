"""While the accounts' database is away a person gets one sentence, and whoever needs no account is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.middleware import Middleware

from assistant.accounts.store import Accounts
from assistant.settings import DatabaseSettings
from assistant.web import sessions
from assistant.web.answers import Say
from assistant.web.edge import Edge
from assistant.web.sessions import SignedIn, by_session, cookie_name
from tests.postgres import Postgres
from ui.refused import phrase


@pytest.fixture
async def page(
    postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
    monkeypatch.setattr("assistant.accounts.store.PATIENCE", 2.0)
    accounts = Accounts(DatabaseSettings(url=postgres_server.new()))
    secret = accounts.begin(accounts.add("anna", "a long password"))
    signed_in = Middleware(SignedIn, identify=by_session(accounts), apart=True)
    application = FastAPI(middleware=[Middleware(Say, phrase=phrase), Middleware(Edge), signed_in])

    @application.get("/")
    @application.get("/healthz")
    async def who(request: Request) -> str | None:
        user = request.scope["user"]
        return user.name if user else None

    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://page.test") as client:
        yield client, {"cookie": f"{cookie_name('http')}={secret}", "accept": "text/html"}
    accounts.close()
    if not postgres_server.running:
        postgres_server.start()


async def test_a_person_is_told_and_the_others_are_served(
    page: tuple[httpx.AsyncClient, dict[str, str]], postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, headers = page
    assert (await client.get("/", headers=headers)).json() == "anna"
    await asyncio.to_thread(postgres_server.stop)
    waiting = asyncio.create_task(client.get("/", headers=headers))
    for _ in range(3):
        assert (await client.get("/healthz")).status_code == 200
    assert not waiting.done()  # nobody waited for it
    told = await waiting
    assert told.status_code == 503
    assert told.text == "The database cannot be reached; nothing was changed. Try again in a moment."
    asked = await client.get("/", headers=headers | {"accept": "*/*", "accept-language": "de"})
    assert asked.json()["error"].startswith("Die Datenbank ist nicht erreichbar;")
    assert (await client.get("/healthz", headers=headers)).json() is None
    await asyncio.to_thread(postgres_server.start)
    monkeypatch.setattr(sessions, "REST", 0)
    again = await client.get("/", headers=headers)
    while again.status_code == 503:
        await asyncio.sleep(0.1)
        again = await client.get("/", headers=headers)
    assert again.json() == "anna"
