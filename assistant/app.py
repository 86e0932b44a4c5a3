"""The composition root: every part is made here and handed to those who need it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from assistant.conversations import Conversations
from assistant.database.open import open_database
from assistant.database.passing import open_passing
from assistant.engine_info import EngineInfo
from assistant.engines.choose import Engine, choose, make_engine
from assistant.files import Files, open_files
from assistant.graph import build_graph
from assistant.interrupted import tell_interrupted
from assistant.libraries import Libraries
from assistant.loader import builtin_folder
from assistant.reply import Parts
from assistant.schema import Tool
from assistant.session import Assistant
from assistant.settings import EmbedderServer, Settings
from assistant.settings_file import load_settings
from assistant.titles import Titles
from assistant.toolbox import Plugins
from assistant.tracing import open_tracer
from index.embed import Embedder, SentenceTransformerEmbedder
from index.library import Library
from index.remote import RemoteEmbedder


def make_embedder(settings: Settings) -> Embedder:
    """Returns the text embedder of the settings; it loads at first use."""
    chosen = settings.library.embedder
    if not isinstance(chosen, EmbedderServer):
        return SentenceTransformerEmbedder(chosen)
    key = os.environ.get(chosen.api_key_env, "")
    return RemoteEmbedder(
        chosen.url,
        chosen.model,
        key=key,
        dimensions=chosen.dimensions,
        max_tokens=chosen.max_tokens,
        timeout=chosen.timeout,
    )


def open_library(
    settings: Settings, name: str | None = None, embedder: Embedder | None = None, *, begin: bool = True
) -> Library:
    """Opens a library of the home folder.

    Args:
        settings: Which home, and which models.
        name: Which library; None takes that of the settings.
        embedder: Makes the vectors; None takes that of the settings.
        begin: Whether the default library is made where there is none.

    Raises:
        UnknownLibrary: There is none of this name; nothing is made.
        SettingsError: The name cannot be one, or the home folder cannot be written.
        LibraryError: It cannot be opened.
    """
    return Libraries(settings, embedder or make_embedder(settings)).get(name, begin=begin)


@asynccontextmanager
async def open_tools(settings: Settings) -> AsyncIterator[Plugins]:
    """Gathers the tools of files, packages and MCP servers; the servers stay connected until the end."""
    folders = [builtin_folder(), *settings.tools.folders]
    async with AsyncExitStack() as parts:
        others: list[Tool] = []
        broken: dict[str, str] = {}
        if settings.tools.mcp:  # only then is the protocol's library loaded
            from assistant.mcp.client import connected

            others, broken = await parts.enter_async_context(connected(settings.tools.mcp))
        yield await asyncio.to_thread(Plugins, folders, settings.tools.settings, others, broken)


def open_assistant(config: Path | None = None, **values: Any) -> AbstractAsyncContextManager[Assistant]:
    """Makes an assistant for a Python program, which enters it with ``async with``.

    Args:
        config: A settings file; None uses the defaults.
        **values: Settings that win over the file's, such as ``home``, ``engine`` or ``library``.

    Raises:
        SettingsError: The file or a value cannot be used.
    """
    return build(load_settings(config, values, os.environ))


@asynccontextmanager
async def build(
    settings: Settings, *, embedder: Embedder | None = None, engine: Engine | None = None, kept: bool = True
) -> AsyncIterator[Assistant]:
    """Makes an assistant of its parts and takes it apart again.

    Args:
        settings: What to make it of.
        embedder: One that is there already; None makes that of the settings.
        engine: One that is there already; None makes that of the settings.
        kept: Whether conversations are kept in the home folder, as where people use it; where not, they are gone at
            the end, the tools stay those of the beginning, and only ``Assistant.ask`` can be used.

    Yields:
        The assistant, ready for questions.

    Raises:
        AssistantError: A part cannot be made; the text names it and what to do.
        LibraryError: The library cannot be opened.
    """
    embedder = embedder or make_embedder(settings)
    async with AsyncExitStack() as parts:
        tracer, send_spans = open_tracer(settings.traces.url if settings.traces else None)
        parts.push_async_callback(asyncio.to_thread, send_spans)
        libraries = Libraries(settings, embedder)
        parts.callback(libraries.close)
        libraries.get()
        engine = engine or make_engine(await choose(settings), settings, embedder)
        parts.push_async_callback(engine.close)
        if engine.vllm:
            engine.vllm.start()
        plugins = await parts.enter_async_context(open_tools(settings))
        plugins.still = not kept
        database = await parts.enter_async_context(open_database(settings) if kept else open_passing())
        conversations = Conversations(database)
        await tell_interrupted(database, conversations)

        def similarity(claim: str, texts: Sequence[str]) -> list[float]:
            vectors = embedder.embed([claim, *texts])
            return [float(value) for value in vectors[1:] @ vectors[0]]

        wired = Parts(engine.model, engine.name, settings.agent, similarity, engine.sees, engine.room)
        model = None if engine.advice else engine.model
        info = EngineInfo(engine.name, engine.advice, engine.vllm, model, engine.adapters, engine.servers)
        titles = Titles(info.model if settings.agent.titles else None, conversations)
        graph = build_graph(wired, database.saver if kept else None)
        assistant = Assistant(
            settings,
            libraries,
            plugins,
            conversations,
            info,
            graph,
            database,
            titles,
            tracer,
            open_files(settings) if kept else Files(settings.home),
        )
        try:
            yield assistant
        finally:
            await assistant.live.close()
            await assistant.running.close()
            await titles.close()
            assistant.attachments.close()
