"""Processes that read files, so that a file can hang, crash or eat memory without harm to anybody else.

Each is started afresh rather than forked, since forking a process with threads copies its locks in any state.
"""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore, Lock, Timer

from index.errors import UnreadableFile
from index.read import wire
from index.read.budget import MEGABYTES, SECONDS, counted
from index.reasons import reason, reason_from
from index.types import ReadDocument

_MOST_WORKERS = 8
_TICK_SECONDS = 0.02
_START_SECONDS = 60.0
_IDLE_SECONDS = 60.0
_ROOM = 0.5
"""A worker that keeps more than this share of its memory after a file is replaced: the next one has a right to all."""
_CHUNK = 1 << 20
# Keys and tokens that other programs find in the environment are no business of a parser.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH")
# Text recognition takes and frees tensors of every size; glibc by itself would keep twice what is in use.
_ALLOCATOR = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "1000000"}
# Set before the process starts, since a variable that Python sets reaches the libraries too late for some of them.
_QUIET = {"ORT_DISABLE_TELEMETRY": "1"}
_MOST_STORY = 64_000
_log = logging.getLogger(__name__)
Stopped = Callable[[], bool]


class ReadingStopped(Exception):
    """Nobody wants the file any more."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the reading of one file may take.

    Attributes:
        seconds: Of work; by the clock up to ``PATIENCE`` times as many, where other programs are at work too.
        megabytes: Of memory, in units of 1,000,000 bytes, everything in the process included.
    """

    seconds: float = SECONDS
    megabytes: int = MEGABYTES


class Readers:
    """A pool of reading processes, one per processor; each starts when it is first needed and is kept for the next.

    May be used by several threads at once.

    Args:
        limits: What a file may take; one that takes more is refused.
        workers: How many at most; None for one per processor.
    """

    def __init__(self, limits: Limits | None = None, workers: int | None = None) -> None:
        self.limits = limits or Limits()
        self.size = workers or min(_processors(), _MOST_WORKERS)
        self._free = BoundedSemaphore(self.size)
        self._lock = Lock()
        self._idle: list[_Worker] = []
        self._timer: Timer | None = None
        self._closed = False

    def read(self, path: Path, stopped: Stopped = bool) -> ReadDocument:
        """Reads a file in a process of its own.

        Args:
            path: An absolute path.
            stopped: Asked often; the process is ended once it says so.

        Returns:
            What is in the file.

        Raises:
            UnreadableFile: One line says why it cannot be read and what to do.
            ReadingStopped: As asked.
        """
        kind, payload = self._ask(path, {"path": os.fspath(path)}, stopped)
        try:
            return wire.decode(payload if kind == wire.DOCUMENT else b"")
        except wire.Malformed as error:
            raise UnreadableFile(reason("failed", how="its reader answered with nonsense")) from error

    def draw(self, path: Path, page: int, longest: int = 1600) -> bytes:
        """Draws a page as a viewer shows it, in a process of its own; boxes count on this picture.

        Args:
            path: An absolute path, of a PDF or a picture.
            page: Its number from 1; 1 for a picture.
            longest: Pixels of the longest side.

        Returns:
            A PNG.

        Raises:
            UnreadableFile: One line says why it cannot be drawn.
        """
        return self._ask(path, {"path": os.fspath(path), "page": page, "longest": longest}, bool)[1]

    def _ask(self, path: Path, request: dict[str, str | int], stopped: Stopped) -> tuple[bytes, bytes]:
        """The reply of a worker, where it is no refusal."""
        while not self._free.acquire(timeout=_TICK_SECONDS):
            if stopped():
                raise ReadingStopped
        try:
            worker = self._take()
            try:
                kind, payload = worker.ask(request, stopped)
            finally:
                self._give_back(worker)
        finally:
            self._free.release()
        if kind == wire.EXHAUSTED:
            raise UnreadableFile(reason("memory", megabytes=self.limits.megabytes))
        if kind in (wire.REFUSED, wire.FAILED):
            raise _refusal(path, kind, payload)
        return kind, payload

    def close(self) -> None:
        """Ends the processes; one in the middle of a file ends with it."""
        with self._lock:
            self._closed = True
        self._end_idle()

    def _take(self) -> _Worker:
        with self._lock:
            if self._timer:
                self._timer.cancel()
            while self._idle:
                if (worker := self._idle.pop()).alive:
                    return worker
                worker.end()
        return _Worker(self.limits)

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            keep = not self._closed and worker.alive and worker.megabytes < _ROOM * self.limits.megabytes
            if keep:
                self._idle.append(worker)
                self._rest()
        if not keep:
            worker.end()

    def _rest(self) -> None:
        """Recognition of text keeps half a gigabyte loaded, which nobody misses while nothing is read."""
        if self._timer:
            self._timer.cancel()
        self._timer = Timer(_IDLE_SECONDS, self._end_idle)
        self._timer.daemon = True
        self._timer.start()

    def _end_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
            if self._timer:
                self._timer.cancel()
        for worker in idle:
            worker.end()


def _refusal(path: Path, kind: bytes, payload: bytes) -> UnreadableFile:
    line, _, story = payload.decode("utf-8", "replace").partition("\n")
    told = reason_from(line) if kind == wire.REFUSED else reason("failed", how=line)
    if story.strip():
        level = logging.INFO if kind == wire.REFUSED else logging.WARNING
        _log.log(level, "%s was refused: %s\n%s", path, told, story)
    return UnreadableFile(told)


class _Worker:
    """One process and the pipes to it; used by one thread at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        root = str(Path(__file__).parents[2])
        start = "import sys; sys.path.insert(0, sys.argv.pop(1)); from index.read.worker import main; main()"
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", start, root, str(limits.seconds), str(limits.megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # an interrupt at the terminal is for the parent, which ends this one in order
            env={name: os.environ[name] for name in _INHERITED if name in os.environ} | _ALLOCATOR | _QUIET,
        )
        self._story = b""
        self._watch = selectors.DefaultSelector()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe
            os.set_blocking(pipe.fileno(), False)
            self._watch.register(pipe, selectors.EVENT_READ)
        try:
            self._await(_START_SECONDS, lambda: False)
        except BaseException:
            self.end()
            raise

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def megabytes(self) -> float:
        """What the process holds in memory, 0 when it is gone."""
        import psutil  # type: ignore[import-untyped]

        with suppress(psutil.Error):
            return float(psutil.Process(self._process.pid).memory_info().rss) / 1e6
        return 0.0

    @property
    def worked(self) -> float:
        """Seconds that the process has worked, all its threads together; 0 when it is gone."""
        import psutil

        with suppress(psutil.Error):
            times = psutil.Process(self._process.pid).cpu_times()
            return float(times.user + times.system)
        return 0.0

    def ask(self, request: dict[str, str | int], stopped: Stopped) -> tuple[bytes, bytes]:
        """Sends a request and awaits its reply; ends the process where that takes too much.

        Raises:
            UnreadableFile: It took too much, or the process died of it.
            ReadingStopped: As asked.
        """
        self._story = b""
        assert self._process.stdin
        with suppress(BrokenPipeError):  # it has died; what comes back, or does not, tells of what
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        try:
            kind, payload = self._await(self._limits.seconds, stopped)
        except BaseException:
            self.end()
            raise
        if kind == wire.EXHAUSTED:
            self.end()
        return kind, payload

    def end(self) -> None:
        """Kills the process and lets go of its pipes; may be called again."""
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._watch.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe
            with suppress(BrokenPipeError):
                pipe.close()

    def _await(self, seconds: float, stopped: Stopped) -> tuple[bytes, bytes]:
        began, worked, reply = time.monotonic(), self.worked, bytearray()
        while (length := _expected(reply)) is None or len(reply) < length:
            if not self._receive(reply):
                raise UnreadableFile(reason("died", how=self._how_it_ended()))
            if stopped():
                raise ReadingStopped
            clock = time.monotonic() - began
            if clock > seconds and counted(clock, self.worked - worked) > seconds:
                raise UnreadableFile(reason("slow", seconds=seconds))
            if self.megabytes > self._limits.megabytes:
                raise UnreadableFile(reason("memory", megabytes=self._limits.megabytes))
        return bytes(reply[:1]), bytes(reply[wire.LENGTH.size : length])

    def _receive(self, reply: bytearray) -> bool:
        """Takes in what has come, or waits a little; False at the end of the replies."""
        assert self._process.stdout and self._process.stderr
        for key, _ in self._watch.select(_TICK_SECONDS):
            chunk = os.read(key.fd, _CHUNK)
            if key.fileobj is self._process.stderr:
                self._story = (self._story + chunk)[-_MOST_STORY:]
                if not chunk:
                    self._watch.unregister(key.fileobj)
            elif not chunk:
                return False
            else:
                reply += chunk
        return True

    def _how_it_ended(self) -> str:
        assert self._process.stderr
        code = self._process.wait()
        with suppress(BlockingIOError, OSError):
            self._story += os.read(self._process.stderr.fileno(), _MOST_STORY)
        _log.warning("a reading process ended with %d: %s", code, self._story.decode("utf-8", "replace"))
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"


def _expected(reply: bytearray) -> int | None:
    """How long the reply will be with what stands before it."""
    if len(reply) < wire.LENGTH.size:
        return None
    _, length = wire.LENGTH.unpack_from(reply)
    if length > wire.MOST_BYTES:
        raise UnreadableFile(wire.too_much(length))
    return int(length) + wire.LENGTH.size


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
