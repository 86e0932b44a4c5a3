"""Keeps one address from taking the whole server."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.web.answers import refusal
from assistant.web.buckets import Buckets


class Busy:
    """Refuses an address more requests than its share.

    Args:
        app: What answers.
        requests: How many each address may send.
    """

    def __init__(self, app: ASGIApp, requests: Buckets) -> None:
        self._app, self._requests = app, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] == "http" and (wait := self._requests.wait((scope.get("client") or ("", 0))[0])):
            await refusal(429, "address", wait=wait)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
