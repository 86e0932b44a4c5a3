"""Spreads a batch over processes of this machine; one that dies is started again, and its rows are asked again."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Lock
from typing import Any

from assistant.batch.answering import failed
from assistant.batch.desk import Desk
from assistant.batch.interrupts import interrupts
from assistant.batch.options import Options
from assistant.batch.rows import Row
from assistant.endings import message
from assistant.errors import BatchError
from assistant.options import open_log
from assistant.settings import Settings

# How often a row is given to another process because the one that had it died, and how often one is started anew.
MOST_LOST, MOST_STARTED = 3, 20
# Seconds that the processes have to end: when all is done, and when the batch is stopped.
SECONDS_TO_END, SECONDS_TO_STOP = 10.0, 1.0


@dataclass(slots=True)
class _Worker:
    """A process with what it has in hand.

    Attributes:
        process: The process.
        link: Takes rows, gives results.
        options: Its own.
        rows: Those that it has, by id.
    """

    process: SpawnProcess
    link: Connection
    options: Options
    rows: dict[str | int, Row] = field(default_factory=dict)


def spread(
    settings: Settings, options: Options, folder: Path, todo: Sequence[Row]
) -> Generator[dict[str, Any], None, None]:
    """Yields results as they come.

    Args:
        settings: What to answer from.
        options: How; ``concurrency`` is dealt out to ``processes``.
        folder: Where the files go that tools make.
        todo: The rows.

    Raises:
        BatchError: The processes cannot begin, or end again and again.
    """
    count = min(options.processes, options.concurrency)
    shares = [options.concurrency // count + (at < options.concurrency % count) for at in range(count)]
    crew = [_started(settings, replace(options, concurrency=share), folder) for share in shares]
    waiting, lost, starts = deque(todo), Counter[str | int](), 0
    patience = SECONDS_TO_STOP
    try:
        while True:
            for worker in crew:
                _give(worker, waiting)
            busy = {worker.link: worker for worker in crew if worker.rows}
            if not busy:
                patience = SECONDS_TO_END
                return
            for link in wait(list(busy)):
                worker = busy[link]  # type: ignore[index]  # a connection, as was given
                if (result := _taken(worker)) is not None:
                    yield result
                    continue
                starts += 1
                if starts > MOST_STARTED:
                    raise BatchError(
                        "The processes of the batch end again and again; the log in the home folder has more."
                    )
                lost.update(worker.rows.keys())
                yield from _given_up(worker, lost)
                waiting.extendleft(row for row in worker.rows.values() if lost[row.id] < MOST_LOST)
                _end([worker], SECONDS_TO_END)
                crew[crew.index(worker)] = _started(settings, worker.options, folder)
    finally:
        _end(crew, patience)


def _started(settings: Settings, options: Options, folder: Path) -> _Worker:
    # Not forked, since threads of this process may hold locks.
    context = multiprocessing.get_context("spawn")
    mine, its = context.Pipe()
    process = context.Process(target=_work, args=(its, settings, options, folder), daemon=True)
    # A Ctrl-C is for the first process, also while this one begins; what is ignored here it ignores from the start on.
    with interrupts(signal.SIG_IGN):
        process.start()
    its.close()
    return _Worker(process, mine, options)


def _give(worker: _Worker, waiting: deque[Row]) -> None:
    while waiting and len(worker.rows) < worker.options.rows:
        row = waiting.popleft()
        worker.rows[row.id] = row
        try:
            worker.link.send(row)
        except OSError:  # it died, which reading from it tells
            return


def _taken(worker: _Worker) -> dict[str, Any] | None:
    """A result; None where the process died."""
    try:
        result = worker.link.recv()
    except (EOFError, OSError):
        return None
    if isinstance(result, str):
        raise BatchError(result)
    del worker.rows[result["id"]]
    return dict(result)


def _given_up(worker: _Worker, lost: Counter[str | int]) -> Iterator[dict[str, Any]]:
    for row in worker.rows.values():
        if lost[row.id] >= MOST_LOST:
            yield failed(row, f"the process that had it died {MOST_LOST} times", "ProcessDied")


def _end(crew: Sequence[_Worker], seconds: float) -> None:
    for worker in crew:
        worker.link.close()
    until = time.monotonic() + seconds
    for worker in crew:
        worker.process.join(max(0.0, until - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _work(link: Connection, settings: Settings, options: Options, folder: Path) -> None:
    """What runs in each process, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    open_log(settings.home / "logs")
    try:
        desk = Desk(settings, options, folder)
    except Exception as error:
        link.send(message(error))
        return
    lock = Lock()

    def send(done: Future[dict[str, Any]]) -> None:
        if not done.cancelled():
            with lock, suppress(OSError):  # nobody is there any more to take it
                link.send(done.result())

    try:
        while True:
            desk.submit(link.recv()).add_done_callback(send)
    except (EOFError, OSError):
        desk.close()
