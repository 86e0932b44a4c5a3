"""Finds out who sends a request, and lets nobody pass who is not signed in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.accounts.identity import Identity, Role
from assistant.accounts.store import Accounts
from assistant.errors import StorageError
from assistant.sharing import SHARED
from assistant.web.answers import refusal

SIGN_IN = "/signin"
# Who asks at once of a database elsewhere, and for how many seconds one that was away is not asked again.
THREADS, REST = 4, 1.0
OPEN = ("/signin", "/signout", "/healthz", "/favicon.ico")

# Tells who sends a request, by its headers; None where it does not show.
Identify = Callable[[Scope, Headers], Identity | None]


def cookie_name(scheme: str) -> str:
    """Returns the cookie's name; over HTTPS browsers take one of this name from nobody but this host."""
    return "__Host-assistant" if scheme == "https" else "assistant"


def cookie(secret: str, scheme: str, seconds: int) -> str:
    """Returns the ``Set-Cookie`` header that keeps a session's secret in the browser, out of scripts' reach."""
    secure = "; Secure" if scheme == "https" else ""
    return f"{cookie_name(scheme)}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def secret_of(scope: Scope, headers: Headers) -> str:
    """Returns the secret that a browser sent; empty where it sent none."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    found = jar.get(cookie_name(scope["scheme"]))
    return found.value if found else ""


def by_session(accounts: Accounts) -> Identify:
    """Identifies by the session's cookie."""

    def identify(scope: Scope, headers: Headers) -> Identity | None:
        secret = secret_of(scope, headers)
        return accounts.of(secret) if secret else None

    return identify


def by_header(accounts: Accounts, header: str, role: Role) -> Identify:
    """Identifies by the header of a proxy; from everybody else it has been struck out before."""

    def identify(scope: Scope, headers: Headers) -> Identity | None:
        names = headers.getlist(header)
        # Two would mean that the proxy let the browser's own pass.
        if len(names) != 1 or not names[0].strip():
            return None
        return accounts.known(f"proxy:{names[0].strip().casefold()}", names[0].strip(), role).identity

    return identify


class Apart:
    """Finds out who sends a request without holding up the others, also while the accounts' database is away.

    Args:
        identify: May wait for a database.
    """

    def __init__(self, identify: Identify) -> None:
        self._identify = identify
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="identify")
        self._away_until, self._away = 0.0, StorageError()

    async def __call__(self, scope: Scope, headers: Headers) -> Identity | None:
        """Tells who sends a request.

        Raises:
            StorageError: The database is away, or was a moment ago.
        """
        if time.monotonic() < self._away_until:
            raise StorageError(*self._away.args)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._identify, scope, headers)
        except StorageError as error:
            self._away_until, self._away = time.monotonic() + REST, error
            raise


def _at_once(identify: Identify) -> Callable[[Scope, Headers], Awaitable[Identity | None]]:
    async def identified(scope: Scope, headers: Headers) -> Identity | None:
        return identify(scope, headers)

    return identified


class SignedIn:
    """Puts the identity into ``scope["user"]``, from where everything behind takes it.

    Args:
        app: What answers.
        identify: Tells who sends a request.
        page: Whether there is a sign-in page.
        apart: Whether accounts are in a database elsewhere, which is asked beside the event loop.
    """

    def __init__(self, app: ASGIApp, identify: Identify, page: bool = True, apart: bool = False) -> None:
        self._app, self._page = app, page
        self._identify = Apart(identify) if apart else _at_once(identify)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or leads to the sign-in page.

        Raises:
            StorageError: The accounts cannot be reached, and the request is for those alone who are signed in.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["user"] = None
        try:
            scope["user"] = await self._identify(scope, Headers(scope=scope))
        except StorageError:
            if not _is_open(scope["path"]):
                raise
        if scope["user"] or _is_open(scope["path"]):
            await self._app(scope, receive, send)
        elif self._page:
            await _led(scope)(scope, receive, send)
        else:
            await refusal(401, "proxy")(scope, receive, send)


def _is_open(path: str) -> bool:
    shared = path.startswith(SHARED) and "/" not in path.removeprefix(SHARED)
    return shared or path in OPEN or path.startswith(f"{SIGN_IN}/")


def _led(scope: Scope) -> Response:
    if scope["path"] == "/" and scope["method"] in ("GET", "HEAD"):
        return RedirectResponse(SIGN_IN, 303, headers={"cache-control": "no-store"})
    return refusal(401, "signed_out")
