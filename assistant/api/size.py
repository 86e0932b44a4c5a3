"""Refuses requests that are too large, before they are read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.api.errors import body

# What a form has around its file.
MARGIN = 100_000
MB = 1_000_000
FORM = "multipart/form-data"


class Sized:
    """Lets requests pass up to a size.

    A form's files go to the disk as they come; anything else is held in memory, where JSON becomes many times as large.

    Args:
        app: What answers.
        form: The largest file of a form, in bytes.
        other: The largest body of any other kind, in bytes.
    """

    def __init__(self, app: ASGIApp, form: int, other: int) -> None:
        self._app, self._form, self._other = app, form, other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        largest = self._form if headers.get("content-type", "").lower().startswith(FORM) else self._other
        line = f"A request may have {largest // MB} MB."
        said, came = headers.get("content-length", "0"), 0

        async def counting() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > largest + MARGIN:
                # The one exception that whoever reads a body lets through.
                raise HTTPException(413, line)
            return message

        if said.isdecimal() and int(said) <= largest + MARGIN:
            await self._app(scope, counting, send)
        else:
            await JSONResponse(body(413, line), 413)(scope, receive, send)
