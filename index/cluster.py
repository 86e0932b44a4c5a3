"""Reading and embedding spread over a Ray cluster; what comes back is committed here, in groups as ever.

Each machine of the cluster gets one worker, which does what this process does alone: it reads files in processes of
their own, cuts them, and embeds with all processors or the GPU of its machine. It opens each file at the path that the
file has here. A file that a worker does not see, or sees with other content, is read here; so is one whose worker died
again and again. A worker that dies is started anew by Ray and given the same files again.
"""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from index.embed import Embedder
from index.errors import LibraryError
from index.incoming import Embedded, File, Incoming, as_read, cut_file, digest, find
from index.ingest import embedded
from index.read.pool import Readers
from index.records import NewDocument
from index.store import Store
from index.types import Outcome

FILES, BYTES = 16, 16_000_000
"""What a worker is given at once, at most: enough passages for batches of equal length."""
AHEAD = 3
"""For how many batches each worker is asked before the first is taken."""
START_SECONDS = 60.0
PROBE_SECONDS = 10.0
RESTARTS = 10
_POLL_SECONDS = 0.2
_log = logging.getLogger(__name__)
Answer = Embedded | Outcome | None
"""What a worker makes of a file; None where it does not see it."""


class Cluster:
    """Workers on the machines of a Ray cluster, for one ingest at a time; use ``connected``."""

    def __init__(self) -> None:
        self._workers: list[Any] = []
        self._under_way: dict[Any, Any] = {}

    def from_files(
        self,
        entries: Iterable[Path | Outcome],
        store: Store,
        embedder: Embedder,
        readers: Readers,
        stop: Event,
        *,
        coded: bool,
    ) -> Incoming:
        """Reads, cuts and embeds files on the cluster; they come back in their order.

        Args:
            entries: From ``walk``.
            store: What is held.
            embedder: For whom to cut, and by whom the workers embed.
            readers: What reads the files that no worker sees.
            stop: Once set, nothing more is waited for.
            coded: Whether the passages' token codes are wanted.

        Raises:
            LibraryError: No worker could be started, or the model not be loaded there.
        """
        waiting: deque[tuple[list[File | Outcome], Any]] = deque()
        try:
            self._start(embedder, coded)
            for batch in _batches(find(entry, store) for entry in entries):
                waiting.append((batch, self._submit([file for file in batch if isinstance(file, File)])))
                if len(waiting) > AHEAD * len(self._workers):
                    yield from self._finish(*waiting.popleft(), embedder, readers, stop)
            while waiting:
                yield from self._finish(*waiting.popleft(), embedder, readers, stop)
        finally:
            self._end()

    def _start(self, embedder: Embedder, coded: bool) -> None:
        import ray

        worker = ray.remote(_Worker)
        started = [
            worker.options(
                num_gpus=1 if node["Resources"].get("GPU") else 0,
                max_restarts=RESTARTS,
                max_task_retries=RESTARTS,
                max_concurrency=2,  # one batch is read while another is embedded
                scheduling_strategy=_near(node["NodeID"]),
            ).remote(embedder, coded)
            for node in ray.nodes()
            if node["Alive"] and node["Resources"].get("CPU")
        ]
        greetings = {each.ready.remote(): each for each in started}
        ready, late = ray.wait(list(greetings), num_returns=len(greetings), timeout=START_SECONDS)
        for greeting in late:
            ray.kill(greetings[greeting])
        self._workers = [greetings[greeting] for greeting in ready]
        if not self._workers:
            raise LibraryError("The Ray cluster started no worker within a minute; see `ray status`.")
        for greeting in ready:
            _taken(greeting)

    def _submit(self, files: list[File]) -> Any:
        """Gives a batch to the worker that has least to do; None where there is nothing in it."""
        import ray

        if not files:
            return None
        busy = list(self._under_way)
        done = ray.wait(busy, num_returns=len(busy), timeout=0)[0] if busy else []
        for each in done:
            del self._under_way[each]
        load = list(self._under_way.values())
        worker = min(self._workers, key=load.count)
        promise = worker.process.remote(files)
        self._under_way[promise] = worker
        return promise

    def _finish(
        self, batch: list[File | Outcome], promise: Any, embedder: Embedder, readers: Readers, stop: Event
    ) -> Iterator[NewDocument | Embedded | Outcome]:
        answers = iter(self._awaited(promise, sum(isinstance(each, File) for each in batch), stop))
        for each in batch:
            answer = each if isinstance(each, Outcome) else next(answers)
            if answer is not None:
                yield answer
            elif isinstance(each, File) and not stop.is_set():
                _log.warning("%s is read here, since no worker of the cluster sees it as it is here", each.path)
                yield cut_file(as_read(each, readers, stop), embedder)

    def _awaited(self, promise: Any, count: int, stop: Event) -> Sequence[Answer]:
        import ray

        while promise is not None and not stop.is_set():
            try:
                answers: Sequence[Answer] = _taken(promise, _POLL_SECONDS)
            except ray.exceptions.GetTimeoutError:
                continue
            except (ray.exceptions.RayActorError, ray.exceptions.ObjectLostError) as error:
                _log.warning("a worker of the cluster is gone for good: %s", error)
                break
            return answers
        return [None] * count

    def _end(self) -> None:
        import ray

        for worker in self._workers:
            ray.kill(worker)
        self._workers, self._under_way = [], {}


class _Worker:
    """What runs on a machine of the cluster."""

    def __init__(self, embedder: Embedder, coded: bool) -> None:
        self._embedder = embedder
        self._coded = coded
        self._readers = Readers()
        self._stop = Event()
        self._threads = ThreadPoolExecutor(self._readers.size, thread_name_prefix="cluster-reader")

    def ready(self) -> None:
        """Answers."""

    def process(self, files: Sequence[File]) -> list[Answer]:
        """Reads, cuts and embeds; None for a file that is not here, or not the same.

        Raises:
            LibraryError: The model cannot be loaded.
        """
        cut = list(self._threads.map(self._cut, files))
        documents = iter(embedded([one for one in cut if isinstance(one, NewDocument)], self._embedder, self._coded))
        return [next(documents) if isinstance(one, NewDocument) else one for one in cut]

    def _cut(self, file: File) -> NewDocument | Outcome | None:
        if digest(Path(file.path)) != (file.sha256, file.size):
            return None
        return cut_file(as_read(file, self._readers, self._stop), self._embedder)


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Connects to a Ray cluster and lets go of it at the end.

    Args:
        address: ``HOST:6379`` of the cluster that this machine is part of, ``auto`` for the one that runs here,
            ``ray://HOST:10001`` for one elsewhere, or ``local`` to have one on this machine for as long as it is used.

    Raises:
        LibraryError: Ray is not installed, or the cluster cannot be reached.
    """
    ray = _ray(address)
    mine = not ray.is_initialized()
    if mine:
        try:
            _probe(address)
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
            why = " ".join(str(error).split())[:300]
            raise LibraryError(f"The Ray cluster at {address} cannot be reached ({why}); see `ray status`.") from error
    try:
        yield Cluster()
    finally:
        if mine:
            ray.shutdown()


def _ray(address: str) -> Any:
    """The package, told before it is imported to report to nobody, and to stay on this machine where it starts here."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if address == "local":
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray
    except ImportError as error:
        raise LibraryError("Ray is not installed; run `pip install -e '.[cluster]'`.") from error
    return ray


def _probe(address: str) -> None:
    """Ray itself would try for minutes to reach a cluster that is not there."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), PROBE_SECONDS).close()


def _taken(promise: Any, timeout: float | None = None) -> Any:
    """What a worker returned; what it raised on purpose is raised here as it was."""
    import ray

    try:
        return ray.get(promise, timeout=timeout)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        raise LibraryError(str(cause)) from error if isinstance(cause, LibraryError) else cause


def _near(node: str) -> Any:
    """On this machine, or on another one should it be gone."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node, soft=True)


def _batches(found: Iterable[File | Outcome]) -> Iterator[list[File | Outcome]]:
    batch: list[File | Outcome] = []
    size = 0
    for each in found:
        batch.append(each)
        size += each.size if isinstance(each, File) else 0
        if len(batch) >= FILES or size >= BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
