"""Sandboxes that a container engine makes: Docker or what has its command line, with gVisor where that is installed.

The engine keeps the limits of memory and processes, and its default filter of system calls holds. The container has no
network, no folder of the host, a read-only image and an ordinary user without capabilities. Nothing is shared with it
but its standard input and output; see ``relay``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cell import FIRST, Ask, KernelLost, exit_reason, order
from .connection import NUMBERED, USED
from .engine import Engine
from .limits import Limits
from .relay import HEADER, PIECE, SAYS

NUMBERS = tuple(NUMBERED.index(name) + 1 for name in USED)
BOOT = "import json, sys; order = json.loads(sys.stdin.buffer.readline()); exec(order['relay']); main(order)"
REMOVE_SECONDS = 10.0
# Of the processes of a user Linux counts those of all containers together, the engine each one's. The others are small
# where nobody has raised them, and gVisor does not let them be set.
KEPT_BY_ENGINE = ("NPROC", "MSGQUEUE", "RTPRIO", "MEMLOCK")
LONGEST_WORD = 4000
SIGKILL_STATUS = 137


@dataclass(frozen=True, slots=True)
class Containers:
    """Makes sandboxes with a container engine.

    Attributes:
        engine: The engine.
        folder: For the sockets of this side; nobody else may enter it.
    """

    engine: Engine
    folder: Path

    async def start(self, limits: Limits, key: str) -> Container:
        """Starts a container and the kernel in it; see ``cell.Runner``.

        Raises:
            KernelLost: It did not start.
        """
        name = f"assistant-code-{secrets.token_hex(8)}"
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = subprocess.Popen(  # noqa: ASYNC220, S603  # returns at once; awaited through its pidfd
                    [*self.engine.line(limits, name), BOOT],
                    stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=subprocess.PIPE, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                ours.close()
                raise KernelLost(f"it did not start: {error}") from error
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        reader, writer = await asyncio.open_connection(sock=ours)
        container = Container(self.engine, process, name, folder, limits, reader, writer)
        try:
            await container.begin(key)
        except BaseException as error:
            said = await asyncio.to_thread(container.end)
            container.close()
            os.close(container.sockets)
            if isinstance(error, OSError | EOFError | TimeoutError | KernelLost):
                reason = (said.splitlines() or str(error).splitlines() or ["it took too long"])[-1]
                raise KernelLost(f"it did not start: {reason[:LONGEST_WORD]}") from error
            raise
        return container

    async def ready(self) -> None:
        """The image holds everything."""

    def close(self) -> None:
        """Removes the folder of the sockets."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Container:
    """A kernel in a container; see ``cell.Cell``."""

    def __init__(
        self,
        engine: Engine,
        process: subprocess.Popen[bytes],
        name: str,
        folder: Path,
        limits: Limits,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.process = process
        self.pid = process.pid
        self.sockets = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        self._engine, self._name, self._folder, self._limits = engine, name, folder, limits
        self._reader, self._writer = reader, writer
        loop = asyncio.get_running_loop()
        self._channels: dict[int, asyncio.Future[asyncio.StreamWriter]] = {n: loop.create_future() for n in NUMBERS}
        self._servers: list[asyncio.Server] = []
        self._leading: asyncio.Task[None] | None = None
        self._killed = False

    async def begin(self, key: str) -> None:
        """Starts the kernel and waits until it is ready.

        Raises:
            KernelLost: It says what went wrong.
            EOFError: The container ended.
            TimeoutError: It took too long.
        """
        here = Path(__file__).parent
        told = {name: (here / f"{name}.py").read_text(encoding="utf-8") for name in ("relay", "inside")}
        kernel = order(self._limits, key, left_out=KEPT_BY_ENGINE)
        self._writer.write(json.dumps({**told, "kernel": kernel, "numbers": NUMBERS}).encode() + b"\n")
        for number in NUMBERS:
            path = self._folder / f"k-{number}"
            self._servers.append(await asyncio.start_unix_server(self._accept(number), path))
        async with asyncio.timeout(self._limits.start_seconds):
            number, data = await self._frame()
        if (number, data) != (SAYS, b"ready"):
            raise KernelLost(data.decode(errors="replace").strip() or "it ended at once")
        self._leading = asyncio.create_task(self._lead_in())

    def _accept(self, number: int) -> Any:
        async def lead_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self._channels[number].done():  # this side connects once
                writer.close()
                return
            self._channels[number].set_result(writer)
            with contextlib.suppress(OSError):
                while data := await reader.read(PIECE):
                    self._writer.write(HEADER.pack(number, len(data)) + data)
                    await self._writer.drain()

        return lead_out

    async def _lead_in(self) -> None:
        """Hands on what comes out, until it ends or is none of what a relay sends."""
        with contextlib.suppress(OSError, EOFError, KernelLost):
            while True:
                number, data = await self._frame()
                writer = await self._channels[number]
                writer.write(data)
                # One socket that nobody reads must not hold up the others, nor fill this side's memory.
                if writer.transport.get_write_buffer_size() > self._limits.traffic_bytes:
                    break
        self.kill()

    async def _frame(self) -> tuple[int, bytes]:
        number, length = HEADER.unpack(await self._reader.readexactly(HEADER.size))
        if number not in (SAYS, *NUMBERS) or length > PIECE or (number == SAYS and self._leading):
            raise KernelLost("it sent a malformed message")
        return number, await self._reader.readexactly(length)

    def kill(self) -> None:
        """Tells the engine to end the container."""
        if not self._killed:
            self._killed = True
            threading.Thread(target=self._remove, name="container", daemon=True).start()

    def _remove(self) -> None:
        # Podman's `rm` would first wait ten seconds; `kill` fails where the container is not running yet or any more.
        for command in (["kill"], ["rm", "--force"]):
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                line = [self._engine.program, *command, self._name]
                subprocess.run(line, capture_output=True, timeout=REMOVE_SECONDS, check=False)  # noqa: S603
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
            if self.process.returncode is not None:
                return
        self.process.kill()  # the engine does not answer; without its input the relay ends itself

    def end(self) -> str:
        """Ends a container whose kernel did not come up; returns what the engine complained of."""
        self._killed = True
        self._remove()
        self.process.wait()
        assert self.process.stderr is not None
        return self.process.stderr.read(20000).decode(errors="replace").strip()

    def excess(self) -> str:
        """Nothing: the engine ends what uses too much."""
        return ""

    async def sweep(self, ask: Ask) -> bool:
        """Has the kernel end them: nobody else sees them, and whoever fakes this stays within the engine's limits."""
        return bool(await ask(f"end_others([{FIRST}])") == 0)

    def exit_reason(self, status: int) -> str:
        """Names the signal or the status, and what an engine does to those who want too much memory."""
        if status == SIGKILL_STATUS:
            return f"it was killed, as happens to what uses more than {self._limits.memory >> 20} MiB of memory"
        return exit_reason(status, self._limits)

    def close(self) -> None:
        """Closes what leads to it; the open folder belongs to the connection."""
        if self._leading:
            self._leading.cancel()
        for server in self._servers:
            server.close()
        for channel in self._channels.values():
            if channel.done():
                channel.result().close()
        self._writer.close()
        if self.process.stderr:
            self.process.stderr.close()
        shutil.rmtree(self._folder, ignore_errors=True)
