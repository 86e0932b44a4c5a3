"""Runs a batch: rows in, answers out, each committed as it comes."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

from assistant.batch.answering import Answerer, answering
from assistant.batch.away import Away
from assistant.batch.interrupts import interrupts
from assistant.batch.options import Options
from assistant.batch.output import Output, lines_of
from assistant.batch.progress import progress
from assistant.batch.replay import remember
from assistant.batch.rows import Row, rows
from assistant.batch.sharing import sharing
from assistant.batch.source import read
from assistant.batch.summary import Summary, Tally
from assistant.errors import BatchError
from assistant.settings import Settings

# Characters of a question in a message.
LONGEST = 60


async def run(
    settings: Settings,
    source: Path,
    output: Path,
    options: Options,
    told: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Answers every row of a source that the output does not hold yet.

    Args:
        settings: What to answer from.
        source: See ``source.read``; rows have ``question`` and, if wanted, the columns of ``rows.Row``.
        output: JSONL, or Parquet by its name; each answer is committed as it comes.
        options: How.
        told: Takes what was done, also where the run is stopped or fails.

    Raises:
        BatchError: A file cannot be read or written, or the model's server is away.
        AssistantError: The database that keeps the batch's state cannot be used.
    """
    every = read_rows(source, output)
    wanted = chosen(every, options)
    with Output(output) as results:
        results.forget(to_forget(results, every, wanted, options))
        with sharing(settings, options, results, every) as shared:
            todo = [row for row in wanted if row.id not in results.done]
            remember(settings.home, output)
            tally, began = Tally(), time.monotonic()
            try:
                with progress(len(todo)) as bar:
                    async with aclosing(_reached(settings, options, results.files, todo)) as spread:
                        async for result in spread:
                            results.write(result)
                            tally.add(result)
                            bar.show(tally.written)
                            shared.check()
                results.finish()
            finally:
                summary = tally.summary([row.id for row in wanted], len(todo), results.held, time.monotonic() - began)
                told(summary)
    return summary


def read_rows(source: Path, output: Path) -> list[Row]:
    """Reads every row of a source.

    Raises:
        BatchError: The source cannot be read, or is the output.
    """
    if output.exists() and source.exists() and output.samefile(source):
        raise BatchError(f"{output} is the input; choose another output.")
    return list(rows(read(source, (output, lines_of(output)))))


def to_forget(results: Output, every: Sequence[Row], wanted: Sequence[Row], options: Options) -> set[str | int]:
    """Returns the rows that are asked again although the output holds them.

    Raises:
        BatchError: The output holds answers to other questions.
    """
    failed = {row.id for row in wanted if results.done.get(row.id)} if options.retry_errors else set()
    differing = [row for row in results.held.differing(every) if row.id not in failed]
    if differing and not options.again:
        raise BatchError(
            f"{results.path} holds something else than what {len(differing)} rows ask, first that of id "
            f"{differing[0].id!r} (“{_short(differing[0].question)}”). Choose another output, or ask these rows again "
            "with --again."
        )
    return failed | ({row.id for row in differing} & {row.id for row in wanted})


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def chosen(found: list[Row], options: Options) -> list[Row]:
    """Returns the rows that a run is about, in their order."""
    if options.sample is not None and options.sample < len(found):
        drawn = sorted(random.Random(options.seed).sample(range(len(found)), options.sample))  # noqa: S311
        found = [found[at] for at in drawn]
    return found[: options.limit]


async def _reached(
    settings: Settings, options: Options, folder: Path, todo: Sequence[Row]
) -> AsyncGenerator[dict[str, Any], None]:
    """Yields results as long as the model's server can be reached."""
    away = Away(options.rows)
    async with aclosing(_spread(settings, options, folder, todo)) as spread:
        async for result in spread:
            for each in away.take(result):
                yield each
    for each in away.end():
        yield each


async def _spread(
    settings: Settings, options: Options, folder: Path, todo: Sequence[Row]
) -> AsyncGenerator[dict[str, Any], None]:
    """Yields results, made here, in processes or on a cluster."""
    if options.ray:
        from assistant.batch import cluster

        elsewhere = cluster.spread(settings, options, folder, todo)
    elif options.processes > 1:
        from assistant.batch import processes

        elsewhere = processes.spread(settings, options, folder, todo)
    else:
        async with answering(settings, options, folder) as answerer, aclosing(answers(answerer, todo, options)) as made:
            async for result in made:
                yield result
        return
    # Nothing else runs in this process, so it may wait for the others.
    with closing(elsewhere):
        while True:
            with interrupts(signal.default_int_handler):  # the event loop would hear of it when all is done
                received = next(elsewhere, None)
            if received is None:
                return
            yield received
            await asyncio.sleep(0)  # here it hears of what came while the result was written


async def answers(answerer: Answerer, todo: Sequence[Row], options: Options) -> AsyncGenerator[dict[str, Any], None]:
    """Yields results as they come, with a fixed number of rows under way."""
    waiting = iter(todo)
    running: set[asyncio.Task[dict[str, Any]]] = set()
    try:
        while True:
            for row in waiting:
                running.add(asyncio.create_task(answerer.answer(row)))
                if len(running) >= options.rows:
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
