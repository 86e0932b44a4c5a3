"""Serves the page: FastAPI with the Gradio application on it."""

from __future__ import annotations

import asyncio
import logging
import socket
import webbrowser

import click
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.app import build
from assistant.errors import SettingsError
from assistant.samples import DOCUMENTS
from assistant.session import Assistant
from assistant.settings import PageSettings, Settings

log = logging.getLogger(__name__)

# Gradio starts itself with inline scripts and makes functions of templates, so scripts need the two exceptions.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)
# Seconds; a call that comes earlier takes as long as it would anyway.
TOOLS_LATER = 5.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(settings: Settings, *, samples: bool = False, open_browser: bool = False) -> None:
    """Serves the page until it is interrupted.

    Args:
        settings: Where to listen and what to answer from.
        samples: Whether to fill an empty library with the documents that ship.
        open_browser: Whether to open the page in the browser of this machine.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    listener = _listen(settings.page)
    try:
        asyncio.run(_serve(settings, listener, samples, open_browser))
    finally:
        listener.close()


async def _serve(settings: Settings, listener: socket.socket, samples: bool, open_browser: bool) -> None:
    async with build(settings) as assistant:
        # The model loads and reads while the page's own modules are imported; questions wait for it.
        preparing = asyncio.create_task(asyncio.to_thread(_prepare, assistant, samples))
        assistant.wait_for(preparing)
        readying = asyncio.create_task(_ready_tools(assistant, preparing))
        application = await asyncio.to_thread(make_application, assistant)
        _announce(assistant, listener, open_browser)
        await uvicorn.Server(uvicorn.Config(application, log_config=None, timeout_graceful_shutdown=3)).serve(
            [listener]
        )
        readying.cancel()
        await asyncio.gather(preparing, readying, return_exceptions=True)


def make_application(assistant: Assistant) -> FastAPI:
    """Returns the web application of an assistant, the page at its root."""
    import gradio as gr

    from ui.app import CSS, THEME, build_page
    from ui.language import labels

    application = FastAPI(title="Assistant", docs_url=None, redoc_url=None, openapi_url=None)
    application.add_middleware(SafeHeaders)

    @application.get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok", "engine": assistant.engine.name}

    page = build_page(assistant)
    mounted: FastAPI = gr.mount_gradio_app(
        application,
        page,
        path="/",
        theme=THEME,
        css=CSS,
        i18n=labels(),
        max_file_size=f"{assistant.settings.page.max_upload_mb}mb",
        show_error=True,
        footer_links=[],
        # It would keep every question, and the browser's secret with it, a second time in the browser.
        run_history=False,
    )
    return mounted


class SafeHeaders:
    """Tells browsers to load nothing from elsewhere, whatever an answer or a document says.

    Args:
        app: The application whose responses get the headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def _ready_tools(assistant: Assistant, preparing: asyncio.Task[None]) -> None:
    """Readies the tools once the library is, and a newcomer's first question has had the processors to itself."""
    await asyncio.wait([preparing])
    await asyncio.sleep(TOOLS_LATER)
    await asyncio.to_thread(assistant.toolbox.prepare)


def _prepare(assistant: Assistant, samples: bool) -> None:
    """Loads the embedding model; fills an empty library with the samples where that is wanted."""
    try:
        if samples and not assistant.library.documents():
            click.echo("Adding the sample library …")
            assistant.library.add([DOCUMENTS])
        assistant.library.warm()
    except Exception:  # the question that needs it reports it
        log.exception("preparing failed")


def _listen(page: PageSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in page.host else socket.AF_INET
    # Named, since asyncio only turns Nagle's delay off where it sees that the protocol is TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((page.host, page.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Cannot listen on {page.host}:{page.port} ({error.strerror}); choose another with --host or --port."
        ) from error
    return listener


def _announce(assistant: Assistant, listener: socket.socket, open_browser: bool) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    click.echo(f"Assistant is at {url} (Ctrl-C stops it). Answering: {assistant.engine.name}.")
    if assistant.settings.page.host not in LOOPBACK:
        click.echo("Everyone who can reach this address can use the page: there are no accounts.", err=True)
    if open_browser:
        webbrowser.open(url)
