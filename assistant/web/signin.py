"""Signing in with a password, and out."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Literal
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from assistant.accounts.store import Accounts
from assistant.accounts.throttle import Throttle
from assistant.web.sessions import SIGN_IN, cookie, cookie_name, secret_of

log = logging.getLogger(__name__)

Problem = Literal["", "wrong", "locked", "failed"]
# Makes the page: of the request's language, the problem, the seconds to wait, and the provider to sign in at.
Render = Callable[[Request, Problem, float, str], str]

# Hashes take 64 MiB and a processor each: more at once would keep everybody else waiting.
AT_ONCE = 2
LONGEST_FORM = 8_000
LANGUAGE = re.compile("[a-z]{2}")
YEAR = 365 * 86400


def router(accounts: Accounts, render: Render, longest: int, throttle: Throttle | None = None) -> APIRouter:
    """Returns the routes of signing in with a password.

    Args:
        accounts: Whose passwords.
        render: Makes the page.
        longest: Seconds that a session lasts at most.
        throttle: Counts wrong passwords.
    """
    routes, throttle, hashing = APIRouter(), throttle or Throttle(), asyncio.Semaphore(AT_ONCE)

    @routes.get(SIGN_IN)
    async def form(request: Request) -> Response:
        return shown(request, page_response(render(request, "", 0, ""), 200))

    @routes.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:
        name, password = await _typed(request)
        address = request.client.host if request.client else ""
        if wait := throttle.wait(name, address):
            return _locked(render, request, wait)
        async with hashing:
            # Once more: of a hundred that came at once, ninety have been wrong while this one waited.
            if wait := throttle.wait(name, address):
                return _locked(render, request, wait)
            account = await asyncio.to_thread(accounts.verify, name, password)
            if account is None:
                throttle.failed(name, address)
        if account is None:
            log.warning("wrong password for %r from %s", name[:64], address)
            wait = throttle.wait(name, address)
            return _locked(render, request, wait) if wait else page_response(render(request, "wrong", 0, ""), 403)
        throttle.succeeded(name, address)
        log.info("%s signed in from %s", account.name, address)
        return begun(request, await asyncio.to_thread(accounts.begin, account), longest)

    return routes


def sign_out(accounts: Accounts | None) -> APIRouter:
    """Returns the route of signing out."""
    routes = APIRouter()

    @routes.post("/signout")
    async def leave(request: Request) -> Response:
        if accounts is not None and (secret := secret_of(request.scope, request.headers)):
            await asyncio.to_thread(accounts.end, secret)
        # What the page keeps in the browser belongs to who leaves.
        gone = RedirectResponse(SIGN_IN, 303, headers={"clear-site-data": '"storage"'})
        gone.delete_cookie(cookie_name(request.url.scheme), secure=request.url.scheme == "https", httponly=True)
        return gone

    return routes


def begun(request: Request, secret: str, longest: int) -> Response:
    """Returns the way to the page, with the session's cookie."""
    there = RedirectResponse("/", 303, headers={"cache-control": "no-store"})
    there.headers["set-cookie"] = cookie(secret, request.url.scheme, longest)
    return there


async def _typed(request: Request) -> tuple[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            return "", ""
    try:
        fields = parse_qs(body.decode(errors="replace"), max_num_fields=10)
    except ValueError:
        return "", ""
    return fields.get("name", [""])[0].strip(), fields.get("password", [""])[0]


def _locked(render: Render, request: Request, wait: float) -> Response:
    page = page_response(render(request, "locked", wait, ""), 429)
    page.headers["retry-after"] = str(int(wait) + 1)
    return page


def shown(request: Request, page: Response) -> Response:
    """Returns the sign-in page, in the language that was chosen on it; who is signed in is led on."""
    if request.scope.get("user") is not None:
        return RedirectResponse("/", 303)
    if LANGUAGE.fullmatch(language := request.query_params.get("lang", "")):
        page.set_cookie("language", language, max_age=YEAR, samesite="lax")
    return page


def page_response(text: str, status: int) -> HTMLResponse:
    """Returns the sign-in page, which no cache keeps."""
    return HTMLResponse(text, status, headers={"cache-control": "no-store"})
