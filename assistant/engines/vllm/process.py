"""One run of ``vllm serve``: its process, its log, and what can be read from that."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from assistant.engines.vllm import keeper
from assistant.engines.vllm.log import LOST, Reason, explain, progress
from assistant.engines.vllm.state import Progress
from assistant.errors import SettingsError

LOG_BYTES = 20_000_000
OLD_LOGS = 3
# What is looked through for the reason of an end.
TAIL_BYTES = 60_000
# The keeper gives vLLM ten seconds.
SECONDS_TO_STOP = 20.0
LINES = re.compile(r"[\r\n]+")


class Run:
    """A server that runs.

    Args:
        process: Its keeper.
        log: The file that holds its output.
        start: Where in the file this run's output begins.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path, start: int) -> None:
        self._process = process
        self._log = log
        self._start = self._read = start
        self._rest = ""
        self.heard = time.monotonic()
        """When it last wrote something."""
        self.lost: float | None = None
        """When it wrote that it cannot start; it does not always end then."""

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process.returncode is not None

    async def wait(self, seconds: float) -> bool:
        """Waits until it ends, so long at most; whether it has."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)
        return self.ended

    def hear(self) -> Progress | None:
        """Returns the last thing that its new output tells of its progress."""
        with self._log.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        if not new:
            return None
        self._read += len(new)
        self.heard = time.monotonic()
        *lines, self._rest = LINES.split(self._rest + new.decode("utf-8", "replace"))
        if self.lost is None and any(map(LOST.search, lines)):
            self.lost = self.heard
        # A bar that is being drawn has no end of line yet.
        return next(filter(None, map(progress, reversed([*lines, self._rest]))), None)

    def reason(self) -> Reason:
        """Returns why it has ended, by its output."""
        with self._log.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(self._start, end - TAIL_BYTES))
            found = explain(file.read().decode("utf-8", "replace"))
        how = f"vLLM ended with code {self._process.returncode}." if self.ended else "vLLM could not start."
        return found if found.text else Reason(how, final=False)

    async def stop(self) -> None:
        """Ends it with everything that it has started."""
        if self._process.stdin:
            self._process.stdin.close()
        if not await self.wait(SECONDS_TO_STOP):
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def running(command: Sequence[str], environ: Mapping[str, str], log: Path) -> AsyncIterator[Run]:
    """Runs a command, with its output at the end of a log, until the block is left.

    Raises:
        SettingsError: It cannot be started, or the log cannot be written.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        _rotate(log)
        with log.open("ab") as file:
            file.write(f"=== {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(command)}\n".encode())
            file.flush()
            start = file.tell()
            process = await asyncio.create_subprocess_exec(
                # -I, so that the files beside the keeper do not stand in for modules of the same names.
                *(sys.executable, "-I", keeper.__file__, *command),
                stdin=asyncio.subprocess.PIPE,
                stdout=file,
                stderr=file,
                env=environ,
                cwd=log.parent,
                start_new_session=True,
            )
    except OSError as error:
        raise SettingsError(f"vLLM cannot be started: {error}.") from error
    run = Run(process, log, start)
    try:
        yield run
    finally:
        await run.stop()


def _rotate(log: Path) -> None:
    """Puts a log that has grown long aside."""
    if not log.exists() or log.stat().st_size < LOG_BYTES:
        return
    for number in range(OLD_LOGS - 1, 0, -1):
        old = log.with_suffix(f".{number}.log")
        if old.exists():
            old.replace(log.with_suffix(f".{number + 1}.log"))
    log.replace(log.with_suffix(".1.log"))
