"""``assistant doctor``: what is there, which engine would answer and why, and what to do about the rest."""

from __future__ import annotations

import asyncio
import difflib
import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from assistant.app import open_library, open_tools
from assistant.doctor_shared import shared
from assistant.engines.choose import ADVICE, Choice, choose
from assistant.engines.profile import Profile
from assistant.engines.vllm.examine import examine as examine_vllm
from assistant.errors import AssistantError
from assistant.finding import Finding
from assistant.loader import plugin_name
from assistant.settings import ServerEngine, Settings
from assistant.toolbox import Toolbox
from assistant.vllm_settings import VllmEngine
from index.errors import LibraryError
from index.visual import VISUAL_SEARCH_IS_OFF

PACKAGES = ("torch", "sentence-transformers", "faiss-cpu", "langgraph", "gradio", "pypdfium2", "pint")
LOW_DISK = 1_000_000_000


async def examine(settings: Settings) -> list[Finding]:
    """Looks at everything that an answer depends on."""
    choice = await choose(settings)
    return [
        Finding("Python", "ok", f"{platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores"),
        *_packages(),
        _home(settings),
        *await shared(settings),
        _library(settings),
        _pictures(settings),
        *await _tools(settings),
        _reader(),
        _router(),
        *await _vllm(choice, settings),
        await _engine(choice),
    ]


def _packages() -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            yield Finding(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "broken", "not installed", "Install the assistant again: pip install -e .")


def _home(settings: Settings) -> Finding:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Finding("home", "broken", f"{settings.home}: {error.strerror}", "Choose another folder with --home.")
    if not os.access(settings.home, os.W_OK):
        return Finding("home", "broken", f"{settings.home} cannot be written", "Choose another folder with --home.")
    free = shutil.disk_usage(settings.home).free
    advice = "Free some space: the library cannot grow." if free < LOW_DISK else ""
    return Finding("home", "broken" if advice else "ok", f"{settings.home}, {free / 1e9:.1f} GB free", advice)


def _library(settings: Settings) -> Finding:
    try:
        library = open_library(settings)
        try:
            status = library.status()
        finally:
            library.close()
    except (LibraryError, AssistantError) as error:
        return Finding("library", "broken", str(error))
    detail = f"{status.documents} documents, {status.passages} passages, embedded by {status.embedder}"
    advice = "" if status.documents else "Add documents: assistant index add FOLDER"
    return Finding("library", "ok" if status.documents else "missing", detail, advice)


def _pictures(settings: Settings) -> Finding:
    model = settings.library.picture_model
    if model is None:
        return Finding("visual search", "missing", "off: pictures are found by words only", VISUAL_SEARCH_IS_OFF)
    try:
        library = open_library(settings)
        try:
            detail, note = f"on, {library.look()} numbers by {model}", library.picture_note()
        finally:
            library.close()
    except (LibraryError, AssistantError) as error:
        return Finding("visual search", "broken", str(error))
    return Finding("visual search", "ok", detail, note)


async def _tools(settings: Settings) -> list[Finding]:
    async with open_tools(settings) as plugins:
        return list(_judged(plugins.toolbox, settings))


def _judged(toolbox: Toolbox, settings: Settings) -> Iterator[Finding]:
    yield Finding("tools", "ok", ", ".join(toolbox.tools))
    for tool in toolbox.tools.values():
        if diagnose := tool.options.diagnose:
            yield Finding(tool.name, "ok", diagnose(*([tool.settings] if tool.options.settings else [])))
    for name, reason in toolbox.absent.items():
        yield Finding(name, "missing", reason, "The other tools work without it.")
    for source, reason in toolbox.broken.items():
        name = "MCP server" if source.startswith("MCP server") else "tool file"
        yield Finding(name, "broken", reason, f"Mend the {name.split()[-1]}; the other tools work.")
    sources = [*toolbox.broken, *(tool.source for tool in toolbox.tools.values())]
    known = toolbox.tools.keys() | toolbox.absent.keys() | {plugin_name(Path(source)) for source in sources}
    for name in settings.tools.settings.keys() - known:
        near = difflib.get_close_matches(name, known, 1)
        advice = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(known))}."
        yield Finding("settings", "broken", f"tools.settings.{name} is for no tool that there is", advice)


def _reader() -> Finding:
    from assistant.engines.builtin.calibration import CalibrationMissing, calibration
    from assistant.engines.builtin.span_reader import SpanReader

    try:
        calibration(read=True)
    except CalibrationMissing as error:
        return Finding("reader", "missing", str(error), "Passages are found but not answered from until then.")
    if problem := SpanReader().problem:
        return Finding("reader", "missing", problem, "Answers are found by likeness until then.")
    return Finding("reader", "ok", "the built-in engine marks answers within sentences")


def _router() -> Finding:
    from assistant.engines.builtin.models import FILE
    from assistant.engines.builtin.trees import load

    try:
        load(FILE)
    except (OSError, ValueError) as error:
        return Finding(
            "router", "missing", f"its weights cannot be used: {error}", "Tools are reached by name until then."
        )
    return Finding("router", "ok", "the built-in engine chooses among any tools")


async def _vllm(choice: Choice, settings: Settings) -> list[Finding]:
    engine = choice.server if isinstance(choice.server, VllmEngine) else None
    return await asyncio.to_thread(lambda: list(examine_vllm(engine, settings.home)))


async def engine_finding(settings: Settings) -> Finding:
    """Looks at the engine that the settings choose, and asks its server whether it is there."""
    return await _engine(await choose(settings))


async def _engine(choice: Choice) -> Finding:
    if isinstance(choice.server, VllmEngine):
        return Finding("engine", "ok", f"{choice.server.vllm} on a vLLM of our own, because {choice.reason}")
    if choice.server is None:
        return Finding("engine", "ok", f"built-in, because {choice.reason}", ADVICE)
    return await _server(choice.server, choice.reason)


async def _server(server: ServerEngine, reason: str) -> Finding:
    from assistant.engines.openai import profile_of

    each = [server.model_copy(update={"url": url}) for url in server.urls]
    found = await asyncio.gather(*map(profile_of, each), return_exceptions=True)
    down = [error for error in found if isinstance(error, AssistantError)]
    profiles = [profile for profile in found if isinstance(profile, Profile)]
    if not profiles:
        return Finding("engine", "broken", f"{server.place}, because {reason}", str(down[0]))
    models = profiles[0].models
    if server.model and (lacking := [one for one, it in zip(each, found, strict=True) if _lacks(it, server.model)]):
        advice = f"The server has: {', '.join(models) or 'none'}. Change engine.model."
        return Finding("engine", "broken", f"{lacking[0].url} has no model {server.model}", advice)
    advice = f"{len(down)} of {len(each)} replicas cannot be asked: {down[0]}" if down else ""
    return Finding("engine", "ok", f"{server.model or models[0]} at {server.place}, because {reason}", advice)


def _lacks(found: object, model: str) -> bool:
    return isinstance(found, Profile) and model not in found.models
