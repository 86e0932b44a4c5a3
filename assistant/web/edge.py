"""The outermost edge: what nobody foresaw is logged whole, the person gets one line, everything else goes on."""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.errors import StorageError
from assistant.web.answers import refusal

log = logging.getLogger(__name__)
# After so long a database that is away is worth another try.
SECONDS_AWAY = 4


class Edge:
    """Answers for what fails.

    Args:
        app: What may fail.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except StorageError as error:
            if scope["type"] != "http":
                raise
            log.warning("%s %s: %s", scope["method"], scope["path"], error)
            if not begun:
                await refusal(503, "storage", wait=SECONDS_AWAY)(scope, receive, send)
        except Exception:
            if scope["type"] != "http":
                raise
            log.exception("%s %s failed", scope["method"], scope["path"])
            if begun:  # it was answered, or the server breaks the connection off
                return
            await refusal(500, "bug")(scope, receive, send)
