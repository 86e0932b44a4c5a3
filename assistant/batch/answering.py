"""Answers single rows; what a process of a batch does, wherever it runs."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from assistant.app import build, make_embedder
from assistant.batch.gate import Gate, Pass
from assistant.batch.options import Options
from assistant.batch.rows import Row
from assistant.course import Course, recorded
from assistant.endings import message
from assistant.engines.choose import Engine
from assistant.engines.vllm.announce import announced
from assistant.errors import AssistantError, BatchError, EngineTimeout
from assistant.event_loop import leave_loaded_alone
from assistant.events import Answer
from assistant.libraries import create, place
from assistant.session import Assistant
from assistant.settings import Settings
from assistant.usage import spent
from index.embed import Embedder
from index.errors import LibraryError

log = logging.getLogger(__name__)

OWNER = "batch"
BUILTIN = "builtin"


class Answerer:
    """Answers rows with the engines that they ask for; use ``answering``.

    Args:
        settings: What to answer from.
        options: How.
        folder: Where the files go that tools make, a folder for each row; None leaves them in the home folder.
        embedder: Shared by the engines.
        parts: Closes what is opened.
    """

    def __init__(
        self, settings: Settings, options: Options, folder: Path | None, embedder: Embedder, parts: AsyncExitStack
    ) -> None:
        self._settings, self._options, self._folder = settings, options, folder
        self._embedder, self._parts = embedder, parts
        self._assistants: dict[str | None, Assistant] = {}
        self._opening, self._reading = asyncio.Lock(), asyncio.Lock()
        self._gate = Gate(options.concurrency)

    async def answer(self, row: Row) -> dict[str, Any]:
        """Returns the result of a row, which is an error where there is no answer."""
        limit = asyncio.timeout(self._options.seconds)
        passes = Pass(self._gate, limit)
        if row.error:
            return failed(row, row.error, BatchError.__name__)
        course = Course(seed_of(row, self._options.seed), watched=False, place=passes.place)
        began = time.monotonic()
        try:
            async with limit:
                found = await self._asked(row, course)
        except TimeoutError:
            found = _error(f"not answered within {self._options.seconds:g} s", EngineTimeout.__name__)
        except (AssistantError, LibraryError) as error:
            found = _error(str(error), type(error).__name__)
        except Exception as error:  # the edge: whatever went wrong, the other rows are asked
            log.exception("row %s failed", row.id)
            found = _error(message(error), type(error).__name__)
        if "error" in found:
            found |= self._taken(row, course, time.monotonic() - began)
        if passes.waited:  # in our own queue, which says nothing of the row
            found["seconds"] = round(found["seconds"] - passes.waited, 3)
        found["seed"] = course.seed
        if self._options.record and course.replies:
            found["replies"] = [recorded(reply) for reply in course.replies]
        return _result(row, found)

    async def assistant(self, engine: str | None = None) -> Assistant:
        """Returns who answers with an engine.

        Args:
            engine: As in ``Row``.

        Raises:
            AssistantError: There is no such engine, or it cannot be used.
        """
        async with self._opening:
            if engine not in self._assistants:
                settings = with_engine(self._settings, engine)
                opened = await self._parts.enter_async_context(build(settings, embedder=self._embedder, kept=False))
                await self._parts.enter_async_context(announced(opened.engine.vllm))
                self._assistants[engine] = opened
            return self._assistants[engine]

    async def use(self, engine: Engine) -> None:
        """Lets one engine answer where the usual one would."""
        opened = build(self._settings, embedder=self._embedder, engine=engine, kept=False)
        self._assistants[None] = await self._parts.enter_async_context(opened)

    async def _asked(self, row: Row, course: Course) -> dict[str, Any]:
        assistant = await self.assistant(row.engine)
        library, off = await self._library(assistant, row), await _off(assistant, row)
        how: dict[str, Any] = {"rules": self._options.rules, "adapter": self._options.adapter, "course": course}
        end = await assistant.ask(row.question, owner=OWNER, library=library, off=off, **how)
        if end.conversation:
            await assistant.forget(end.conversation, OWNER)
        if not isinstance(end, Answer):
            return _error(end.message, end.kind)
        found = (await asyncio.to_thread(self._moved, end, row) if end.artifacts else end).to_json()
        del found["conversation"]  # which is gone
        return found

    def _taken(self, row: Row, course: Course, seconds: float) -> dict[str, Any]:
        """What a row took that came to nothing."""
        opened, usage = self._assistants.get(row.engine), spent(course.replies)
        engine = {"engine": opened.engine.name} if opened else {}
        return {**engine, "seconds": round(seconds, 3), "usage": asdict(usage) if usage else None}

    def _moved(self, end: Answer, row: Row) -> Answer:
        """Moves the files of an answer into the row's folder; their paths are then those from the output's folder."""
        if self._folder is None:
            return end
        made = self._settings.home / "files" / end.conversation
        target = self._folder / folder_of(row.id)
        shutil.rmtree(target, ignore_errors=True)  # left by a process that was killed before it wrote the row
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(made, target)
        except OSError as error:
            raise BatchError(f"The files of a row cannot be put into {target}: {error.strerror or error}.") from error
        name = Path(self._folder.name, target.name)
        moved = [
            replace(each, path=str(name / Path(each.path).relative_to(made)))
            if Path(each.path).is_relative_to(made)
            else each
            for each in end.artifacts
        ]
        return replace(end, artifacts=tuple(moved))

    async def _library(self, assistant: Assistant, row: Row) -> str | None:
        """The library that a row is about; one of its own where it names files."""
        if not row.files:
            return row.library
        if row.library:
            raise BatchError("A row has files or a library, not both.")
        async with self._reading:  # one at a time, since each reads with all processors
            return await asyncio.to_thread(_of_files, assistant, row.files)


@asynccontextmanager
async def answering(settings: Settings, options: Options, folder: Path | None = None) -> AsyncIterator[Answerer]:
    """Makes what answers rows, with the usual engine ready.

    Args:
        settings: What to answer from.
        options: How.
        folder: As in ``Answerer``.

    Raises:
        AssistantError: A part cannot be made.
        LibraryError: The library cannot be opened.
    """
    async with AsyncExitStack() as parts:
        answerer = Answerer(settings, options, folder, make_embedder(settings), parts)
        await answerer.assistant()
        leave_loaded_alone()
        yield answerer


def with_engine(settings: Settings, engine: str | None) -> Settings:
    """Returns the settings with the engine that a row asks for.

    Raises:
        BatchError: There is none of this name.
    """
    if engine is None:
        return settings
    if engine != BUILTIN and engine not in settings.engines:
        known = ", ".join([BUILTIN, *settings.engines])
        raise BatchError(f"There is no engine {engine!r}; there are: {known}. `engines` in the settings names more.")
    return settings.model_copy(update={"engine": settings.engines.get(engine, BUILTIN)})


def seed_of(row: Row, seed: int) -> int:
    """Returns what chance begins with in a row: its own, else one made of the batch's and its id."""
    if row.seed is not None:
        return row.seed
    return int.from_bytes(hashlib.sha256(f"{seed} {row.id!r}".encode()).digest()[:4]) >> 1


def folder_of(identity: str | int) -> str:
    """Returns the name of a row's folder, which no two rows share."""
    text = str(identity)
    plain = "".join(each if each.isalnum() or each in "-_." else "-" for each in text)[:60].strip(".")
    if plain == text and isinstance(identity, int):
        return plain
    return f"{plain}-{hashlib.sha256(repr(identity).encode()).hexdigest()[:8]}"


def failed(row: Row, told: str, kind: str) -> dict[str, Any]:
    """Returns the result of a row that was not asked, or to no avail.

    Args:
        row: The row.
        told: The error, for people.
        kind: The name of its class, for programs.
    """
    return _result(row, _error(told, kind))


def _error(told: str, kind: str) -> dict[str, Any]:
    return {"error": told, "error_kind": kind}


def _result(row: Row, found: dict[str, Any]) -> dict[str, Any]:
    """The row's own columns come first, and with them what tells when it is another row of the same id."""
    question = {"question": row.question} if row.question else {}
    mark = {} if row.error else {"asked": row.mark}
    return {"id": row.id, **question, **row.extra, **mark, **found}


async def _off(assistant: Assistant, row: Row) -> set[str]:
    """The tools that a row may not use."""
    if row.tools is None:
        return set()
    installed = (await assistant.refreshed()).tools.keys()
    if unknown := set(row.tools) - installed:
        raise BatchError(f"There is no tool {min(unknown)!r}; installed: {', '.join(sorted(installed))}.")
    return installed - set(row.tools)


def _of_files(assistant: Assistant, files: Sequence[Path]) -> str:
    """Returns the library that holds these files, which it makes where there is none."""
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise BatchError(f"There is no file {missing[0]}; check the row's files.")
    stamps = "\n".join(sorted(f"{file.resolve()} {file.stat().st_mtime_ns}" for file in files))
    name = f"files-{hashlib.sha256(stamps.encode()).hexdigest()[:12]}"
    if not place(assistant.settings.home, name).exists:
        create(assistant.settings, name)
    outcomes = assistant.libraries.get(name).add(list(files))
    refused = [outcome for outcome in outcomes if outcome.reason]
    if refused:
        raise BatchError(f"{refused[0].path}: {refused[0].reason}")
    return name
