"""Lets a turn's trace go on where the calling program's began."""

from __future__ import annotations

from opentelemetry import context as contexts
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Receive, Scope, Send


class Traced:
    """Takes up the ``traceparent`` of a request.

    Args:
        application: What answers.
    """

    def __init__(self, application: ASGIApp) -> None:
        self._application = application
        self._format = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        token = contexts.attach(self._format.extract(headers))
        try:
            await self._application(scope, receive, send)
        finally:
            contexts.detach(token)
