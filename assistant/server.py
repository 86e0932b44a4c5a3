"""Serves the page: FastAPI with the Gradio application on it."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import webbrowser
from typing import TYPE_CHECKING

import click
import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.middleware import Middleware
from starlette.routing import Mount

from assistant.accounts.identity import Identity
from assistant.accounts.store import Accounts, present
from assistant.app import build
from assistant.engines.vllm.announce import announced
from assistant.errors import SettingsError
from assistant.event_loop import leave_loaded_alone, run
from assistant.samples import DOCUMENTS
from assistant.session import Assistant
from assistant.settings import AccountSettings, Settings
from assistant.web.answers import Say
from assistant.web.buckets import Buckets
from assistant.web.busy import Busy
from assistant.web.edge import Edge
from assistant.web.files import files
from assistant.web.forwarded import Forwarded
from assistant.web.gate import MB, PageGate
from assistant.web.headers import SafeHeaders
from assistant.web.listen import listen
from assistant.web.origin import LOOPBACK, SameOrigin
from assistant.web.sessions import SignedIn, by_header, by_session
from assistant.web.shared import shared
from assistant.web.signin import router, sign_out
from assistant.web.stopping import stopping_in_order
from assistant.web.uploads import Uploads
from assistant.web.voice import voice_routes

if TYPE_CHECKING:
    from gradio import Blocks

log = logging.getLogger(__name__)

# Seconds; a call that comes earlier takes as long as it would anyway.
TOOLS_LATER = 5.0


def serve(settings: Settings, *, samples: bool = False, open_browser: bool = False) -> None:
    """Serves the page until it is interrupted.

    Args:
        settings: Where to listen and what to answer from.
        samples: Whether to fill an empty library with the documents that ship.
        open_browser: Whether to open the page in the browser of this machine.

    Raises:
        SettingsError: The address cannot be listened on, or others could reach the page and there are no accounts.
    """
    accounts = open_accounts(settings)
    listener = listen(settings.page.host, settings.page.port)
    try:
        run(_serve(settings, listener, accounts, samples, open_browser))
    finally:
        listener.close()
        if accounts is not None:
            accounts.close()


def open_accounts(settings: Settings) -> Accounts | None:
    """Returns the accounts by which people sign in; None where the page is for everybody who can reach it.

    Raises:
        SettingsError: There are none, and machines other than this one could reach the page.
    """
    chosen, place = settings.accounts, settings.database or settings.home
    if chosen.sign_in == "none" or (chosen.sign_in == "auto" and not present(place)):
        if settings.page.host not in LOOPBACK and not chosen.everyone:
            raise SettingsError(
                f"Without accounts the page is for this machine only, not for {settings.page.host}: make accounts with "
                "`assistant users add NAME --role admin`, or set accounts.everyone to true."
            )
        return None
    return Accounts(place, chosen.idle_minutes * 60, chosen.longest_days * 86400)


async def _serve(
    settings: Settings, listener: socket.socket, accounts: Accounts | None, samples: bool, open_browser: bool
) -> None:
    async with build(settings) as assistant, announced(assistant.engine.vllm):
        # The model loads and reads while the page's own modules are imported; questions wait for it.
        preparing = asyncio.create_task(asyncio.to_thread(_prepare, assistant, samples))
        assistant.wait_for(preparing)
        readying = asyncio.create_task(_ready_tools(assistant, preparing))
        application = await asyncio.to_thread(make_application, assistant, accounts)
        _announce(assistant, listener, accounts, open_browser)
        # What proxies say is read by a layer of our own, which knows whom to believe.
        # Connections are kept longer than browsers and proxies keep them, who could else meet one that is just closed.
        config = uvicorn.Config(
            application, log_config=None, timeout_graceful_shutdown=3, timeout_keep_alive=75, proxy_headers=False
        )
        with stopping_in_order():
            await uvicorn.Server(config).serve([listener])
        readying.cancel()
        await asyncio.gather(preparing, readying, return_exceptions=True)


def make_application(assistant: Assistant, accounts: Accounts | None = None) -> FastAPI:
    """Returns the web application of an assistant, the page at its root.

    Args:
        assistant: Who answers.
        accounts: Who may use the page; None lets everybody.
    """
    settings = assistant.settings
    # Gradio reads it when it is loaded. Its own default is a folder that all programs of this machine share.
    os.environ["GRADIO_TEMP_DIR"] = str(settings.home / "files" / "page")
    import gradio as gr

    from ui.app import CSS, THEME, build_page
    from ui.language import labels
    from ui.refused import phrase
    from ui.shared import gone_html, shared_words

    page = build_page(assistant, accounts)
    application = FastAPI(
        title="Assistant",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[Middleware(Say, phrase=phrase), *_layers(settings, accounts)],
    )

    @application.get("/healthz")
    async def health(request: Request) -> dict[str, str]:
        # The engine's name may hold an address, which is for those alone who may use it.
        known = accounts is None or request.scope.get("user") is not None
        return {"status": "ok"} | ({"engine": assistant.engine.name} if known else {})

    application.include_router(files(assistant))
    application.include_router(voice_routes(settings))
    application.include_router(shared(assistant, accounts, shared_words, gone_html))
    if accounts is not None and settings.accounts.sign_in != "proxy":
        _add_sign_in(application, settings.accounts, accounts)
    mounted: FastAPI = gr.mount_gradio_app(
        application,
        page,
        path="/",
        theme=THEME,
        css=CSS,
        i18n=labels(),
        max_file_size=f"{settings.page.max_upload_mb}mb",
        show_error=True,
        footer_links=[],
        # It would keep every question, and the browser's secret with it, a second time in the browser.
        run_history=False,
        auth_dependency=_name if accounts is not None else None,
    )
    _put_gate(mounted, page, settings)
    return mounted


def _layers(settings: Settings, accounts: Accounts | None) -> list[Middleware]:
    """What every request passes on its way, the outermost first."""
    chosen, limits = settings.accounts, settings.limits
    hosts = LOOPBACK if accounts is None and settings.page.host in LOOPBACK else None
    layers = [
        Middleware(SafeHeaders),
        Middleware(Edge),
        Middleware(Forwarded, proxies=chosen.proxies, header=chosen.header),
        Middleware(SameOrigin, hosts=hosts),
        Middleware(Busy, requests=Buckets(limits.requests)),
    ]
    if accounts is None:
        return layers
    by_proxy = chosen.sign_in == "proxy"
    identify = by_header(accounts, chosen.header, chosen.new_role) if by_proxy else by_session(accounts)
    return [*layers, Middleware(SignedIn, identify=identify, page=not by_proxy, apart=settings.database is not None)]


def _add_sign_in(application: FastAPI, chosen: AccountSettings, accounts: Accounts) -> None:
    from ui.signin import CSS, page_html

    longest = int(chosen.longest_days * 86400)
    if chosen.oidc is not None:
        from assistant.accounts.oidc import OpenId
        from assistant.web.openid import openid_router

        openid = OpenId(chosen.oidc, os.environ.get(chosen.oidc.client_secret_env, ""))
        application.include_router(openid_router(accounts, openid, page_html, longest, chosen.new_role))
    else:
        application.include_router(router(accounts, page_html, longest))
    application.include_router(sign_out(accounts))

    @application.get("/signin/page.css")
    async def style() -> Response:
        return Response(CSS, media_type="text/css")


def _put_gate(application: FastAPI, page: Blocks, settings: Settings) -> None:
    """Puts the gate before Gradio's application, which is mounted last."""
    limits = settings.limits
    uploads = Uploads(limits.upload_files, limits.upload_mb * MB)
    from ui.lean import hold_sessions

    mount = application.routes[-1]
    assert isinstance(mount, Mount)
    hold_sessions(mount.app)  # type: ignore[arg-type]
    buckets, largest = Buckets(limits.questions), settings.page.max_upload_mb * MB
    mount.app = PageGate(mount.app, page.fns.keys(), uploads, buckets, limits.event_mb * MB, largest)


def _name(request: Request) -> str | None:
    who: Identity | None = request.scope.get("user")
    return who.name if who else None


async def _ready_tools(assistant: Assistant, preparing: asyncio.Task[None]) -> None:
    """Readies the tools once the library is, and a newcomer's first question has had the processors to itself."""
    await asyncio.wait([preparing])
    await asyncio.sleep(TOOLS_LATER)
    await asyncio.to_thread(assistant.toolbox.prepare)
    leave_loaded_alone()


def _prepare(assistant: Assistant, samples: bool) -> None:
    """Loads the embedding model; fills an empty library with the samples where that is wanted."""
    try:
        if samples and not assistant.library.documents():
            click.echo("Adding the sample library …")
            assistant.library.add([DOCUMENTS])
        assistant.library.warm()
    except Exception:  # the question that needs it reports it
        log.exception("preparing failed")


def _announce(assistant: Assistant, listener: socket.socket, accounts: Accounts | None, open_browser: bool) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    click.echo(f"Assistant is at {url} (Ctrl-C stops it). Answering: {assistant.engine.name}.")
    click.echo(_who(assistant.settings, accounts), err=True)
    if open_browser:
        webbrowser.open(url)


def _who(settings: Settings, accounts: Accounts | None) -> str:
    if accounts is not None:
        how = {"proxy": "The proxy in front says who people are", "oidc": "People sign in at the OpenID provider"}
        said = how.get(settings.accounts.sign_in, "People sign in")
        return f"{said}; `assistant users` shows and changes their accounts."
    if settings.page.host in LOOPBACK:
        return "There are no accounts, so only this machine can reach it; `assistant users add NAME` begins them."
    return "Everyone who can reach this address can use the page: there are no accounts."
