"""Who calls is asked first, before anything that they send is read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.api.access import CALLER, Access
from assistant.api.errors import ApiError, refused
from assistant.api.keys import LOCAL
from assistant.web.origin import LOOPBACK, SameOrigin

# What anybody may see who can reach the server.
OPEN = ("/healthz", "/readyz", "/openapi.json")
# Why others than programs of this machine are refused where there are no keys.
ELSEWHERE = {
    "name": "Without keys this server is asked for as localhost only; its administrator can make keys.",
    "website": "Without keys no website may send requests here; the server's administrator can make keys.",
}


class Gate:
    """Lets requests pass whose key is known, by their headers alone.

    Where there are no keys it lets only programs of this machine pass, and no website.

    Args:
        app: What answers.
        access: Knows the keys.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access
        self._here = SameOrigin(app, LOOPBACK, _elsewhere)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        try:
            address = (scope.get("client") or ("",))[0]
            key = await self._access.caller(Headers(scope=scope).get("authorization", ""), address)
        except ApiError as error:
            await refused(error)(scope, receive, send)
            return
        scope[CALLER] = key
        await (self._here if key is LOCAL else self._app)(scope, receive, send)


def _elsewhere(status: int, code: str) -> ASGIApp:
    return refused(ApiError(status, ELSEWHERE[code], code=f"other_{code}"))
