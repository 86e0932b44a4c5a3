"""Signing in at an OpenID provider: leading the browser there, and taking it back."""

from __future__ import annotations

import asyncio
import logging
import secrets
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from assistant.accounts.identity import Role
from assistant.accounts.oidc import SECONDS_TO_SIGN_IN, OpenId, Person
from assistant.accounts.store import Account, Accounts
from assistant.errors import AccountError
from assistant.web.sessions import SIGN_IN
from assistant.web.signin import Render, begun, page_response, shown

log = logging.getLogger(__name__)

START, BACK = f"{SIGN_IN}/oidc", f"{SIGN_IN}/oidc/back"
COOKIE = "assistant-oidc"


def openid_router(accounts: Accounts, openid: OpenId, render: Render, longest: int, new_role: Role) -> APIRouter:
    """Returns the routes of signing in elsewhere.

    Args:
        accounts: Where each person gets an account at the first visit.
        openid: The provider.
        render: Makes the sign-in page.
        longest: Seconds that a session lasts at most.
        new_role: Of a new account, where the provider tells none.
    """
    routes = APIRouter()

    def page(request: Request, failed: bool = False) -> HTMLResponse:
        name = urlsplit(openid.provider.issuer).hostname or "OpenID"
        return page_response(render(request, "failed" if failed else "", 0, name), 403 if failed else 200)

    @routes.get(SIGN_IN)
    async def form(request: Request) -> Response:
        return shown(request, page(request))

    @routes.get(START)
    async def start(request: Request) -> Response:
        try:
            there, state = await openid.begin(str(request.url.replace(path=BACK, query="")))
        except AccountError as error:
            log.warning("signing in failed: %s", error)
            return page(request, failed=True)
        leading = RedirectResponse(there, 303, headers={"cache-control": "no-store"})
        secure, age = request.url.scheme == "https", int(SECONDS_TO_SIGN_IN)
        leading.set_cookie(COOKIE, state, max_age=age, path=SIGN_IN, httponly=True, secure=secure, samesite="lax")
        return leading

    @routes.get(BACK)
    async def back(request: Request, state: str = "", code: str = "", iss: str = "", error: str = "") -> Response:
        try:
            # Only the browser that began may go on, or somebody could be signed in as another without knowing.
            if not (code and state and secrets.compare_digest(state, request.cookies.get(COOKIE, ""))):
                raise AccountError(f"The browser did not begin it, or the provider refused ({error[:100]}).")
            person = await openid.finish(state, code, iss)
            account = await asyncio.to_thread(_account, accounts, person, new_role)
        except AccountError as problem:
            log.warning("signing in failed: %s", problem)
            return page(request, failed=True)
        log.info("%s signed in at %s", account.name, openid.provider.issuer)
        done = begun(request, await asyncio.to_thread(accounts.begin, account), longest)
        done.delete_cookie(COOKIE, path=SIGN_IN)
        return done

    return routes


def _account(accounts: Accounts, person: Person, new_role: Role) -> Account:
    account = accounts.known(person.subject, person.name, person.role or new_role)
    if person.role is not None and account.role != person.role:
        accounts.change_role(account.name, person.role)
        return accounts.find(account.name)
    return account
