"""What a request gets that is not let through: a status, a code, and one clear line in the person's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

# Puts a code and its values into words, in the language that a request's headers ask for.
Phrase = Callable[[Headers, str, Mapping[str, object]], str]
SAY = "say"
AWAY = 503


class Say:
    """Gives refusals behind it their words.

    Args:
        app: What may refuse.
        phrase: Knows the words.
    """

    def __init__(self, app: ASGIApp, phrase: Phrase) -> None:
        self._app, self._phrase = app, phrase

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] == "http":
            scope[SAY] = self._phrase
        await self._app(scope, receive, send)


class Refusal(Response):
    """A response that refuses, as Gradio's page shows it.

    Args:
        status: The HTTP status.
        code: Why: a text of the catalogue of refusals.
        values: What the text says in its places.
        headers: More of the response.
    """

    def __init__(self, status: int, code: str, values: Mapping[str, object], headers: Mapping[str, str]) -> None:
        super().__init__(status_code=status)
        self._code, self._values, self._more = code, values, {"cache-control": "no-store", **headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it, in the words that the request asks for; without ``Say`` before it the code has to do."""
        phrase: Phrase | None = scope.get(SAY)
        line = phrase(Headers(scope=scope), self._code, self._values) if phrase else self._code
        await self._said(scope, line)(scope, receive, send)

    def _said(self, scope: Scope, line: str) -> Response:
        if self.status_code == AWAY and "text/html" in Headers(scope=scope).get("accept", ""):
            return PlainTextResponse(line, self.status_code, headers=self._more)  # a person opened the page
        return JSONResponse({"error": line, "detail": line, "code": self._code}, self.status_code, headers=self._more)


def refusal(status: int, code: str, *, wait: float | None = None, **values: object) -> Refusal:
    """Returns a response that refuses.

    Args:
        status: The HTTP status.
        code: Why: a text of the catalogue of refusals.
        wait: After how many seconds it may be tried again.
        **values: What the text says in its places.
    """
    return Refusal(status, code, values, {} if wait is None else {"retry-after": str(int(wait) + 1)})
