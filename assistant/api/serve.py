"""Serves the API."""

from __future__ import annotations

import asyncio
import logging
import socket

import click
import uvicorn

from assistant.api.application import make_api
from assistant.api.keys import Keys, present
from assistant.app import build
from assistant.engines.vllm.announce import announced
from assistant.errors import SettingsError
from assistant.event_loop import leave_loaded_alone, run
from assistant.session import Assistant
from assistant.settings import Settings
from assistant.web.listen import listen
from assistant.web.origin import LOOPBACK
from assistant.web.stopping import stopping_in_order

log = logging.getLogger(__name__)

# Seconds in which running turns may end after a signal; those that do not are saved as far as they came.
GRACE = 20
# Seconds in which these are saved and those who asked are told.
TO_TELL = 10


class Server(uvicorn.Server):
    """Ends turns that outlive the grace, so that each is saved and told as interrupted before connections are cut.

    Args:
        config: As for its base.
        assistant: Whose turns.
    """

    def __init__(self, config: uvicorn.Config, assistant: Assistant) -> None:
        super().__init__(config)
        self._assistant = assistant

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets running turns end, for a while."""
        ending = asyncio.create_task(self._end_turns())
        try:
            await super().shutdown(sockets)
        finally:
            ending.cancel()

    async def _end_turns(self) -> None:
        await asyncio.sleep(GRACE)
        await self._assistant.running.close()


def serve(settings: Settings, host: str, port: int) -> None:
    """Serves the API until it is interrupted.

    Args:
        settings: What to answer from.
        host: Address to listen on.
        port: Port to listen on.

    Raises:
        SettingsError: The address cannot be listened on, or others could reach it and there are no keys.
    """
    keys = open_keys(settings, host)
    listener = listen(host, port)
    try:
        run(_serve(settings, listener, keys))
    finally:
        listener.close()
        if keys is not None:
            keys.close()


def open_keys(settings: Settings, host: str) -> Keys | None:
    """Returns the keys by which programs are let in; None where whoever can reach the API may use it.

    Raises:
        SettingsError: There are none, and machines other than this one could reach the API.
    """
    place = settings.database or settings.home
    if present(place):
        return Keys(place)
    if host not in LOOPBACK:
        raise SettingsError(
            f"Without keys the API is for this machine only, not for {host}: make one with `assistant keys add NAME`."
        )
    return None


async def _serve(settings: Settings, listener: socket.socket, keys: Keys | None) -> None:
    async with build(settings) as assistant, announced(assistant.engine.vllm):
        assistant.wait_for(preparing := asyncio.create_task(asyncio.to_thread(_prepare, assistant)))
        host, port = listener.getsockname()[:2]
        known = "" if keys is None else " Give a key as the bearer token."
        click.echo(
            f"The API is at http://{host}:{port}/v1 (Ctrl-C stops it). Answering: {assistant.engine.name}.{known}"
        )
        application = make_api(assistant, keys)
        config = uvicorn.Config(application, log_config=None, timeout_graceful_shutdown=GRACE + TO_TELL)
        try:
            with stopping_in_order():
                await Server(config, assistant).serve([listener])
        finally:
            application.state.access.close()
        await asyncio.gather(preparing, return_exceptions=True)


def _prepare(assistant: Assistant) -> None:
    try:
        assistant.library.warm()
        assistant.toolbox.prepare()
        leave_loaded_alone()
    except Exception:  # the question that needs it reports it
        log.exception("preparing failed")
