"""Chooses the engine: what the settings name, else a server on this machine, else the built-in one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from langchain_core.language_models import BaseChatModel

from assistant.engine_info import ServerState, no_adapters, no_servers
from assistant.engines.room import Room
from assistant.engines.vllm.gpus import can_serve, find_gpus
from assistant.settings import ServerEngine, Settings
from assistant.vision import can_see
from assistant.vllm_settings import VllmEngine
from index.embed import Embedder

if TYPE_CHECKING:
    from assistant.engines.replicas import Replicas
    from assistant.engines.vllm.server import VllmServer

# Where the usual servers listen: vLLM, Ollama, llama.cpp, LM Studio.
LOCAL_SERVERS = {"vLLM": 8000, "Ollama": 11434, "llama.cpp": 8080, "LM Studio": 1234}
PROBE_SECONDS = 0.5
ADVICE = (
    "For answers in its own words, start a language model server on this machine (such as `ollama serve` or "
    "`vllm serve MODEL`) or name one: `engine: {url: http://HOST:8000/v1}` in the settings (`config`, --config)."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which engine to use.

    Attributes:
        server: The server; a ``VllmEngine`` names its model and is started by us; None is the built-in engine.
        reason: Why it was chosen, one line.
    """

    server: ServerEngine | VllmEngine | None
    reason: str


@dataclass(frozen=True, slots=True)
class Engine:
    """A chat model with its name for people.

    Attributes:
        model: What the graph drives.
        name: Who answers.
        advice: How to get a stronger one; empty where there is nothing to advise.
        close: Gives back what it holds.
        sees: Whether it is shown pictures.
        vllm: The server that is started for it, where there is one.
        room: How much it can be sent; None for the built-in one.
        adapters: Returns the LoRA adapters that it has.
        servers: Returns the servers that it asks.
    """

    model: BaseChatModel
    name: str
    advice: str
    close: Callable[[], Awaitable[None]]
    sees: Callable[[], bool] = bool
    vllm: VllmServer | None = None
    room: Room | None = None
    adapters: Callable[[], Awaitable[tuple[str, ...]]] = no_adapters
    servers: Callable[[], tuple[ServerState, ...]] = no_servers


async def choose(settings: Settings) -> Choice:
    """Decides which engine the settings mean; ``auto`` looks for a server on this machine."""
    if isinstance(settings.engine, ServerEngine):
        return Choice(settings.engine, "the settings name it")
    if settings.engine == "builtin":
        return Choice(None, "the settings ask for it")
    if isinstance(settings.engine, VllmEngine) or settings.engine == "vllm":
        engine = settings.engine if isinstance(settings.engine, VllmEngine) else VllmEngine(vllm="auto")
        return await _start(engine, "the settings ask for it")
    found = await asyncio.gather(*(_probe(name, port) for name, port in LOCAL_SERVERS.items()))
    # One that runs already has taken the GPU's memory.
    if found[0] is None and await asyncio.to_thread(can_serve):
        return await _start(VllmEngine(vllm="auto"), "there are a GPU and vLLM on this machine")
    if server := next(filter(None, found), None):
        return Choice(server[1], f"{server[0]} listens on this machine")
    return Choice(None, "no URL is configured and no model server listens on this machine")


def make_engine(choice: Choice, settings: Settings, embedder: Embedder) -> Engine:
    """Makes the chosen engine; neither loads nor connects anything yet."""
    if isinstance(choice.server, VllmEngine):
        return _watched(choice.server, settings)
    if choice.server:
        from assistant.engines.adapters import ListedAdapters
        from assistant.engines.openai import context_of, serve

        model = serve(choice.server)
        name = f"{choice.server.model or 'model'} at {choice.server.place}"
        room = Room(partial(context_of, model, choice.server))
        return Engine(
            model,
            name,
            "",
            model.aclose,
            partial(_sees, model, choice.server),
            room=room,
            adapters=ListedAdapters(model, choice.server.adapters).names,
            servers=model.states,
        )
    from assistant.engines.builtin.model import NAME, BuiltinModel
    from assistant.engines.builtin.read import Reader
    from assistant.engines.builtin.route import Router
    from assistant.engines.builtin.span_reader import SpanReader

    limit = settings.agent.min_confidence
    builtin = BuiltinModel(router=Router(embedder), reader=Reader(embedder, SpanReader()), min_confidence=limit)
    return Engine(builtin, NAME, ADVICE, _nothing)


async def _start(engine: VllmEngine, reason: str) -> Choice:
    from assistant.engines.vllm.plan import chosen_model

    gpus = await asyncio.to_thread(find_gpus)
    return Choice(engine.model_copy(update={"vllm": chosen_model(engine, gpus)}), reason)


def _watched(engine: VllmEngine, settings: Settings) -> Engine:
    from assistant.engines.openai import serve
    from assistant.engines.vllm.model import WatchedModel
    from assistant.engines.vllm.server import VllmServer

    server = VllmServer(engine, settings.home)
    folder = Path(engine.vllm).expanduser()
    name = folder.resolve().name if folder.exists() else engine.vllm

    # It knows better than its address whether the server will come back.
    async def adapters() -> tuple[str, ...]:
        return tuple(engine.adapters)

    model = WatchedModel.of(server, partial(serve, waits=False))
    # Only its name is looked at; where it will be is known when it has been started.
    sees = can_see(ServerEngine(url="http://127.0.0.1", model=engine.vllm, vision=engine.vision))
    room = Room(model.context)
    return Engine(model, f"{name} on vLLM", "", model.aclose, lambda: sees, server, room, adapters, model.states)


def _sees(model: Replicas, server: ServerEngine) -> bool:
    """By the name that the model turned out to have, where the settings name none."""
    return can_see(server.model_copy(update={"model": server.model or model.name_there}))


async def _nothing() -> None:
    """The built-in engine holds nothing that must be given back."""


async def _probe(name: str, port: int) -> tuple[str, ServerEngine] | None:
    url = f"http://127.0.0.1:{port}/v1"
    try:
        async with httpx.AsyncClient(timeout=PROBE_SECONDS, trust_env=False) as client:
            listed = (await client.get(f"{url}/models")).json()
        return name, ServerEngine(url=url, model=listed["data"][0]["id"])
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return None
