"""Tells browsers to load nothing from elsewhere, whatever an answer or a document says."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.sharing import SHARED

# Gradio starts itself with inline scripts and makes functions of templates, so scripts need the two exceptions.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
# The sign-in page has no script at all.
STRICT = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# What somebody shares shows the pictures that are in it, and does nothing: no script, no form, no origin of its own.
READ_ONLY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
POLICIES = {"/signin": STRICT, SHARED: READ_ONLY}
HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"))
# Gradio sends back what it was sent with a request for a part of a file: the cookie would come into scripts' reach.
NEVER = {b"cookie", b"authorization"}


class SafeHeaders:
    """Adds the headers to every response.

    Args:
        app: The application whose responses get them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        path = scope.get("path", "")
        policy = next((policy for begin, policy in POLICIES.items() if path.startswith(begin)), POLICY)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(key, value) for key, value in message.get("headers", []) if key.lower() not in NEVER]
                own = {key.lower() for key, _ in kept}
                more = [(key, value) for key, value in HEADERS if key not in own]
                message["headers"] = [*kept, (b"content-security-policy", policy.encode()), *more]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
