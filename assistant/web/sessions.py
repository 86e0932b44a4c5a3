"""Finds out who sends a request, and lets nobody pass who is not signed in."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.accounts.identity import Identity, Role
from assistant.accounts.store import Accounts
from assistant.sharing import SHARED
from assistant.web.answers import refusal

SIGN_IN = "/signin"
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


class SignedIn:
    """Puts the identity into ``scope["user"]``, from where everything behind takes it.

    Args:
        app: What answers.
        identify: Tells who sends a request.
        page: Whether there is a sign-in page.
    """

    def __init__(self, app: ASGIApp, identify: Identify, page: bool = True) -> None:
        self._app, self._identify, self._page = app, identify, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or leads to the sign-in page."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["user"] = self._identify(scope, Headers(scope=scope))
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
