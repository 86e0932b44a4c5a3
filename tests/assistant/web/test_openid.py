from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.middleware import Middleware

from assistant.accounts.oidc import OpenId
from assistant.accounts.store import Accounts
from assistant.settings import OpenIdProvider
from assistant.web.openid import openid_router
from assistant.web.sessions import SignedIn, by_session
from tests.assistant.web.oidc_provider import SECRET, Provider


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.claims = {"sub": "42", "preferred_username": "olga", "groups": ["staff"]}
    running.twist, running.sign = lambda claims: None, None
    return running


@pytest.fixture
def accounts(home) -> Iterator[Accounts]:
    accounts = Accounts(home)
    yield accounts
    accounts.close()


@pytest.fixture
def application(provider, accounts) -> FastAPI:
    chosen = OpenIdProvider(
        issuer=provider.issuer, client_id="assistant", roles="groups", admins="bosses", viewers="guests"
    )
    application = FastAPI(middleware=[Middleware(SignedIn, identify=by_session(accounts))])
    openid = OpenId(chosen, SECRET)
    application.include_router(
        openid_router(accounts, openid, lambda r, problem, w, name: f"{problem}|{name}", 3600, "user")
    )

    @application.get("/")
    def page(request: Request) -> dict[str, str]:
        return {"name": request.scope["user"].name, "role": request.scope["user"].role}

    return application


def browser(application: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://assistant.test")


async def there_and_back(client: httpx.AsyncClient) -> str:
    """To the provider, and the address under which it leads back."""
    start = await client.get("/signin/oidc")
    async with httpx.AsyncClient() as outside:
        return (await outside.get(start.headers["location"])).headers["location"]


async def test_a_person_signs_in_at_the_provider_and_keeps_the_account(application, provider, accounts):
    for name in ("olga", "renamed"):
        provider.claims["preferred_username"] = name
        async with browser(application) as client:
            page = await client.get("/signin")
            assert page.text == "|127.0.0.1"
            done = await client.get(await there_and_back(client))
            assert done.status_code == 303
            assert (await client.get("/")).json() == {"name": "olga", "role": "user"}
    assert [each.name for each in accounts.all()] == ["olga"]


@pytest.mark.parametrize(
    ("groups", "role"), [(["bosses"], "admin"), ("guests", "viewer"), ([], "user"), ([7, None], "user")]
)
async def test_groups_say_the_role_at_each_visit(application, provider, accounts, groups, role):
    accounts.add("root", "another horse 8", "admin")
    accounts.known(f"oidc:{provider.issuer}|42", "olga", "admin")
    provider.claims["groups"] = groups
    async with browser(application) as client:
        await client.get(await there_and_back(client))
        assert (await client.get("/")).json()["role"] == role


def unsigned(claims) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "none"}, claims)
    ]
    return ".".join([*parts, ""])


LIES = {
    "another issuer": lambda claims: claims.update(iss="http://evil.example"),
    "another audience": lambda claims: claims.update(aud="somebody-else"),
    "two audiences": lambda claims: claims.update(aud=["assistant", "somebody-else"]),
    "another nonce": lambda claims: claims.update(nonce="x"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "expired": lambda claims: claims.update(exp=1),
    "nobody": lambda claims: claims.pop("sub"),
}
FORGED = {
    "unsigned": unsigned,
    "by another key": lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048)),
    "by the secret": lambda claims: jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(SECRET * 3)),
    "no token": lambda claims: "",
}


@pytest.mark.parametrize("lie", [*LIES, *FORGED])
async def test_what_the_provider_did_not_say_of_this_sign_in_is_refused(application, provider, accounts, lie):
    provider.twist = LIES.get(lie, provider.twist)
    provider.sign = FORGED.get(lie)
    async with browser(application) as client:
        done = await client.get(await there_and_back(client))
        assert (done.status_code, done.text) == (403, "failed|127.0.0.1")
        assert (await client.get("/")).status_code == 303
    assert accounts.all() == []


async def test_only_the_browser_that_began_may_end_and_only_once(application, accounts):
    async with browser(application) as victim, browser(application) as attacker:
        back = await there_and_back(attacker)
        assert (await victim.get(back)).status_code == 403
        assert (await attacker.get(back)).status_code == 303
        attacker.cookies.clear()
        assert (await attacker.get(back)).status_code == 403
        assert (await victim.get("/signin/oidc/back?error=access_denied")).status_code == 403


async def test_a_provider_that_is_away_is_told(accounts):
    openid = OpenId(OpenIdProvider(issuer="http://127.0.0.1:9", client_id="x"), "")
    application = FastAPI(middleware=[Middleware(SignedIn, identify=by_session(accounts))])
    application.include_router(openid_router(accounts, openid, lambda r, problem, w, name: problem, 3600, "user"))
    async with browser(application) as client:
        assert (await client.get("/signin/oidc")).text == "failed"
