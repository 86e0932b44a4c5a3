"""Refuses requests that are too large, before they are read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.api.errors import body

# What a form has around its file.
MARGIN = 100_000
MB = 1_000_000


class _TooLarge(Exception):
    """More came than was said, or may come."""


class Sized:
    """Lets requests pass up to a size.

    Args:
        app: What answers.
        largest: The largest body, in bytes.
    """

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self._app, self._largest = app, largest + MARGIN

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = Headers(scope=scope).get("content-length", "0")
        came, begun = 0, False

        async def counting() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._largest:
                raise _TooLarge
            return message

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if not said.isdecimal() or int(said) > self._largest:
                raise _TooLarge
            await self._app(scope, counting, noting)
        except _TooLarge:
            if begun:
                raise
            line = f"A request may have {self._largest // MB} MB."
            await JSONResponse(body(413, line), 413)(scope, receive, send)
