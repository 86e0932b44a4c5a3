"""Processes of their own for the solvers: one is kept warm, and one that hangs or swells is ended.

SymPy and Z3 can be asked things that take for ever or more memory than there is, and cannot be interrupted from within.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .limits import GRACE_SECONDS, MAX_ANSWER, MEMORY, START_SECONDS, SolveError

log = logging.getLogger(__name__)

SERVER = Path(__file__).parent / "serve.py"
KEPT_VARIABLES = ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT")
GLANCE_SECONDS = 0.1


class Ended(Exception):
    """The worker is gone, or must go.

    Attributes:
        died: Whether it ended by itself, and not because its time was over.
        begun: Whether it had begun with the problem.
        standing: The result that it had reported until then; None for none.
    """

    def __init__(self, died: bool = False) -> None:
        super().__init__()
        self.died, self.begun = died, False
        self.standing: dict[str, Any] | None = None


class Worker:
    """A process that solves one problem after the other.

    Args:
        memory: Bytes of address space that it may use.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        # The order in which SymPy meets terms, and so the form of what it finds, hangs on the seed of hashes.
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        environment["PYTHONHASHSEED"] = "0"
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-s", "-P", str(SERVER), str(memory)], env=environment, cwd="/",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        self._stdin, self._stdout, self._rest = self._process.stdin, self._process.stdout, b""
        self._until, self._cancelled = 0.0, _never

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """Kills it."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):  # what could not be sent any more
            self._stdin.close()
        self._stdout.close()

    def ask(self, request: Mapping[str, Any], seconds: float, cancelled: Callable[[], bool]) -> dict[str, Any]:
        """Returns the answer to a request.

        Args:
            request: Is handed over as JSON.
            seconds: Within which it should be answered.
            cancelled: Tells whether nobody waits for the answer any more.

        Raises:
            SolveError: The problem cannot be read or solved.
            Ended: There is none.
        """
        self._until, self._cancelled = time.monotonic() + seconds + START_SECONDS, cancelled
        begun, standing = False, None
        try:
            self._send(request)
            while True:
                kind, content = self._line()
                if kind == "begun":  # the libraries are loaded
                    begun, self._until = True, time.monotonic() + seconds + GRACE_SECONDS
                elif kind == "standing":
                    standing = content
                elif kind == "answer":
                    found: dict[str, Any] = content
                    return found
                else:
                    raise _failure(kind, content)
        except Ended as ended:
            ended.begun, ended.standing = begun, standing
            raise

    def _send(self, request: Mapping[str, Any]) -> None:
        try:
            self._stdin.write(json.dumps(request).encode() + b"\n")
            self._stdin.flush()
        except BrokenPipeError as error:
            raise Ended(died=True) from error

    def _line(self) -> tuple[str, Any]:
        while b"\n" not in self._rest:
            left = self._until - time.monotonic()
            if left <= 0 or self._cancelled() or len(self._rest) > MAX_ANSWER:
                raise Ended
            if select.select([self._stdout], [], [], min(left, GLANCE_SECONDS))[0]:
                if not (more := os.read(self._stdout.fileno(), 1 << 16)):
                    raise Ended(died=True)
                self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        kind, content = json.loads(line)
        return kind, content


def _never() -> bool:
    return False


def _failure(kind: str, content: str) -> SolveError:
    if kind == "refused":
        return SolveError(content)
    log.error("the solver failed:\n%s", content)
    return SolveError("the solver failed on this problem; the log tells more")


class Pool:
    """Keeps workers for the next calls.

    Args:
        memory: Bytes of address space that each may use.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._idle: list[Worker] = []
        self._lock = threading.Lock()
        atexit.register(self.close)

    def warm(self) -> None:
        """Starts a worker, so that the first call need not wait for the libraries."""
        with self._lock:
            if not self._idle:
                self._idle.append(Worker(self._memory))

    def close(self) -> None:
        """Ends all workers."""
        with self._lock:
            while self._idle:
                self._idle.pop().end()

    def run(
        self,
        request: Mapping[str, Any],
        seconds: float,
        cancelled: Callable[[], bool] = _never,
        fresh: bool = False,
    ) -> dict[str, Any]:
        """Returns the answer to a request, or what stood when the time or memory was used up.

        Args:
            request: Is handed to a worker.
            seconds: How long it may take.
            cancelled: Tells whether nobody waits any more.
            fresh: Whether no idle worker may be taken.

        Raises:
            SolveError: It cannot be read or solved, or the worker ended before there was any answer.
        """
        worker = Worker(self._memory) if fresh else self._taken()
        try:
            answer = worker.ask(request, seconds, cancelled)
        except Ended as ended:
            worker.end()
            if ended.died and not ended.begun and not fresh:  # an idle one that ended just now
                return self.run(request, seconds, cancelled, fresh=True)
            log.info("the solver %s on %s", "died" if ended.died else "was ended", request)
            if ended.standing is not None:
                return ended.standing
            raise SolveError(f"unknown within the limit: the solver {self._reason(ended, seconds)}") from ended
        except SolveError:
            self._give(worker)
            raise
        except BaseException:
            worker.end()
            raise
        self._give(worker)
        return answer

    def _reason(self, ended: Ended, seconds: float) -> str:
        if ended.died:
            return f"gave up, as it does where it needs more than its {self._memory / 2**30:.2g} GiB of memory"
        return f"came to no end within {seconds:g} s"

    def _taken(self) -> Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    return worker
                worker.end()
        return Worker(self._memory)

    def _give(self, worker: Worker) -> None:
        with self._lock:
            self._idle.append(worker)


POOL = Pool()
