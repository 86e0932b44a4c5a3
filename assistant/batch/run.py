"""Answers the rows of a batch, a fixed number at once."""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import click

from assistant.app import build
from assistant.approval import Rule
from assistant.batch.output import Output
from assistant.batch.rows import Row, rows
from assistant.batch.source import read
from assistant.engines.vllm.announce import announced
from assistant.errors import AssistantError, BatchError
from assistant.events import Answer
from assistant.libraries import create, place
from assistant.session import Assistant
from assistant.settings import Settings
from index.errors import LibraryError

OWNER = "batch"


@dataclass(frozen=True, slots=True)
class Options:
    """How a batch is run.

    Attributes:
        concurrency: Questions at once.
        rules: Which tool calls are approved; what no rule approves and needs approval is refused.
        limit: Rows at most, from the first on; None for all.
        sample: Rows drawn at random in place of the first ones; None for none.
        seed: What is drawn.
        seconds: That a row may take; None for no limit.
        adapter: Which of the model's adapters answers; None is the model itself.
        retry_errors: Whether rows that an earlier run could not answer are asked again.
    """

    concurrency: int = 4
    rules: Sequence[Rule] = ()
    limit: int | None = None
    sample: int | None = None
    seed: int = 0
    seconds: float | None = None
    adapter: str | None = None
    retry_errors: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did.

    Attributes:
        written: Rows written by this run.
        skipped: Rows that an earlier run had written.
        errors: Rows with an error in the whole output file.
        abstained: Rows of this run that were declined.
        seconds: That this run took.
        median_seconds: That a row of this run took, half of them less; None where none was answered.
        reasons: The commonest errors of this run, each with how many rows had it.
    """

    written: int
    skipped: int
    errors: int
    abstained: int = 0
    seconds: float = 0.0
    median_seconds: float | None = None
    reasons: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """Returns it for people."""
        rate = f", {self.written / self.seconds:.1f} rows/s" if self.written and self.seconds else ""
        lines = [
            f"{self.written} written ({self.abstained} declined{rate}), {self.skipped} already there, "
            f"{self.errors} with an error"
        ]
        lines += [f"  {count} × {reason}" for reason, count in self.reasons.items()]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Returns it as a JSON object."""
        return asdict(self)


@dataclass(slots=True)
class _Tally:
    """What was written so far."""

    abstained: int = 0
    seconds: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, result: dict[str, Any]) -> None:
        self.abstained += bool(result.get("abstained"))
        if "seconds" in result:
            self.seconds.append(result["seconds"])
        if "error" in result:
            self.reasons[result["error"]] += 1


async def run(settings: Settings, source: Path, output: Path, options: Options) -> Summary:
    """Answers every row of a source that the output does not hold yet.

    Args:
        settings: What to answer from.
        source: See ``source.read``; rows have ``question`` and, if wanted, the columns of ``rows.Row``.
        output: JSONL, or Parquet by its name; each answer is committed as it comes.
        options: How.

    Raises:
        BatchError: A file cannot be read or written.
    """
    _tell_apart(source, output)
    wanted = chosen(list(rows(read(source))), options)
    results = Output(output)
    if options.retry_errors:
        results.forget_errors()
    todo = [row for row in wanted if row.id not in results.done]
    tally, began = _Tally(), time.monotonic()
    with results, _progress(len(wanted)) as bar:
        bar.update(len(wanted) - len(todo))
        async with build(settings) as assistant, announced(assistant.engine.vllm):
            async for result in _answers(assistant, todo, options):
                results.write(result)
                tally.add(result)
                bar.update(1)
    results.finish()
    return Summary(
        len(todo),
        len(wanted) - len(todo),
        sum(results.done.values()),
        tally.abstained,
        round(time.monotonic() - began, 3),
        median(tally.seconds) if tally.seconds else None,
        dict(tally.reasons.most_common(5)),
    )


def preview(source: Path, output: Path, options: Options) -> str:
    """Returns what a run would do, without asking anything.

    Raises:
        BatchError: A file cannot be read.
    """
    _tell_apart(source, output)
    wanted = chosen(list(rows(read(source))), options)
    done = Output(output).done
    again = sum(done.values()) if options.retry_errors else 0
    todo = [row for row in wanted if row.id not in done or (options.retry_errors and done[row.id])]
    good = [row for row in todo if not row.error]
    characters = sum(len(row.question) for row in good)
    lines = [
        f"{len(wanted)} rows, {len(wanted) - len(todo)} of them already answered"
        + (f", {again} asked again for their error" if again else ""),
        f"{len(good)} would be asked, {characters:,} characters of questions (about {characters // 4:,} tokens, "
        "without what is found and shown to the model)",
    ]
    return "\n".join([*lines, *(f"would be an error row: {row.error}" for row in todo if row.error)][:20])


def chosen(found: list[Row], options: Options) -> list[Row]:
    """Returns the rows that a run is about, in their order."""
    if options.sample is not None and options.sample < len(found):
        drawn = sorted(random.Random(options.seed).sample(range(len(found)), options.sample))  # noqa: S311
        found = [found[at] for at in drawn]
    return found[: options.limit]


def _progress(length: int) -> Any:
    return click.progressbar(length=length, label="Answering", file=sys.stderr, show_pos=True, show_eta=True)


async def _answers(assistant: Assistant, todo: list[Row], options: Options) -> AsyncIterator[dict[str, Any]]:
    """Yields results as they come, with a fixed number of questions under way."""
    waiting = iter(todo)
    running: set[asyncio.Task[dict[str, Any]]] = set()
    reading = asyncio.Lock()
    try:
        while True:
            for row in waiting:
                running.add(asyncio.create_task(_answer(assistant, row, options, reading)))
                if len(running) >= options.concurrency:
                    break
            if not running:
                return
            finished, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _answer(assistant: Assistant, row: Row, options: Options, reading: asyncio.Lock) -> dict[str, Any]:
    try:
        if row.error:
            raise BatchError(row.error)
        async with asyncio.timeout(options.seconds):
            library, off = await _library(assistant, row, reading), await _off(assistant, row)
            how: dict[str, Any] = {"rules": options.rules, "adapter": options.adapter}
            end = await assistant.ask(row.question, owner=OWNER, library=library, off=off, **how)
    except TimeoutError:
        return _result(row, {"error": f"not answered within {options.seconds:g} s"})
    except (AssistantError, LibraryError) as error:
        return _result(row, {"error": str(error)})
    if isinstance(end, Answer):
        return _result(row, end.to_json())
    return _result(row, {"error": end.message, "conversation": end.conversation})


def _result(row: Row, found: dict[str, Any]) -> dict[str, Any]:
    """The row's own columns come first; where one has the name of a result, it is kept with ``input_`` before it."""
    extra = {f"input_{key}" if key in found else key: value for key, value in row.extra.items()}
    return {"id": row.id, **({"question": row.question} if row.question else {}), **extra, **found}


async def _library(assistant: Assistant, row: Row, reading: asyncio.Lock) -> str | None:
    """The library that a row is about; one of its own where it names files."""
    if not row.files:
        return row.library
    if row.library:
        raise BatchError("A row has files or a library, not both.")
    async with reading:  # one at a time, since each reads with all processors
        return await asyncio.to_thread(_of_files, assistant, row.files)


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


def _tell_apart(source: Path, output: Path) -> None:
    if output.exists() and source.exists() and output.samefile(source):
        raise BatchError(f"{output} is the input; choose another output.")
