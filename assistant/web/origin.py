"""Refuses what another website has a browser send here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.web.answers import refusal

SAFE = {"GET", "HEAD", "OPTIONS"}
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SameOrigin:
    """Lets only the page itself change anything.

    Browsers tell truly in ``Origin`` and ``Sec-Fetch-Site`` where a request comes from; programs that are not browsers
    send neither, and have no cookie that another website could misuse.

    Args:
        app: What answers.
        hosts: Under which names the server may be asked for; None takes any. Without accounts it must be given, or a
            website could have its own name lead to this machine and read everything.
        refuse: Makes what a refused request gets, of its status and the code of the reason: ``name`` or ``website``.
    """

    def __init__(
        self, app: ASGIApp, hosts: Collection[str] | None = None, refuse: Callable[[int, str], ASGIApp] = refusal
    ) -> None:
        self._app, self._hosts, self._refuse = app, hosts, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._hosts is not None and _name(host) not in self._hosts:
            await self._refuse(421, "name")(scope, receive, send)
        elif scope["method"] not in SAFE and _foreign(headers, host):
            await self._refuse(403, "website")(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _foreign(headers: Headers, host: str) -> bool:
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != host.lower()
