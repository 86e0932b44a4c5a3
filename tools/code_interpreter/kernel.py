"""One Jupyter kernel in one sandbox: started, asked, watched and ended.

Whatever the code in it does, it ends with a result or with ``KernelLost``, whose text tells the model why.
"""

from __future__ import annotations

import array
import ast
import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, NoReturn

import psutil
import zmq.asyncio

from .connection import NUMBERED, UNREADABLE, Broken, Channel, Connection, Message, parent, readable, request
from .limits import Limits
from .sandbox import KERNEL, Walls

WATCH_SECONDS = 0.2
IDLE_SECONDS = 2.0


class FileProblem(Exception):
    """A file could not be written or read inside; the text says why."""


class KernelLost(Exception):
    """The kernel ended or can no longer be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What a kernel sent when it was ready.

    Attributes:
        pid: Its process, as this side sees it.
        sockets: Open folder of its sockets.
        files: Open folder of its files.
    """

    pid: int
    sockets: int
    files: int


class Kernel:
    """A running kernel; made by ``start`` and ended by ``close``."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        ready: Ready,
        context: zmq.asyncio.Context,
        key: str,
        limits: Limits,
    ) -> None:
        self.limits = limits
        self._process = process
        self._ready = ready
        self._connection = Connection(context, ready.sockets, key, limits)
        self._ours = {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
        self._reason = ""
        self.ended = asyncio.Event()
        self.used = time.monotonic()
        self._pidfd = os.pidfd_open(process.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._on_exit)

    @classmethod
    async def start(cls, walls: Walls, limits: Limits, context: zmq.asyncio.Context) -> Kernel:
        """Starts a kernel and waits until it answers.

        Raises:
            KernelLost: It did not start.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The kernel of the system then says which process sent a message.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        key = secrets.token_hex(32)
        with ours:
            with theirs:
                number = theirs.fileno()
                program = f"import sys; sys.path.append({KERNEL!r}); import inside; inside.main({number})"
                process = walls.spawn([sys.executable, "-I", "-B", "-c", program], limits, (number,))
            try:
                ours.send(json.dumps(_order(limits, key)).encode())
                async with asyncio.timeout(limits.start_seconds):
                    ready = await _receive(ours)
            except BaseException as error:
                said = _end(process).splitlines() or str(error).splitlines() or ["it took too long"]
                if isinstance(error, OSError | TimeoutError | KernelLost):
                    raise KernelLost(f"it did not start: {said[-1]}") from error
                raise
        kernel = cls(process, ready, context, key, limits)
        await kernel._greet()
        return kernel

    async def _greet(self) -> None:
        # The kernel welcomes a subscriber, after which nothing that it publishes is missed.
        try:
            async with asyncio.timeout(self.limits.start_seconds):
                await self._next("iopub")
                await self.ask("open_house()")
        except BaseException:
            await self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether it can still be used."""
        return not self.ended.is_set()

    @property
    def pid(self) -> int:
        """The kernel's process, as seen from outside."""
        return self._ready.pid

    async def ask(self, expression: str) -> Any:
        """Evaluates a call of a function of ``inside``.

        Returns:
            What it returned, JSON decoded: not to be trusted.

        Raises:
            FileProblem: The function met an error of the file system.
            KernelLost: The kernel ended, or gave no proper answer in time.
        """
        call = {"answer": f"__import__('inside').{expression}"}
        sent = self._send("shell", "execute_request", request("", silent=True, user_expressions=call))
        with self._watched():
            try:
                async with asyncio.timeout(self.limits.grace + 10):
                    while parent(reply := await self._next("shell")) != sent:
                        continue
                answer = _decoded(reply)
            except TimeoutError:
                await self.lose("it no longer answered")
            except UNREADABLE:
                await self.lose("its files could no longer be read")
        if isinstance(answer, dict):
            raise FileProblem(str(answer.get("error")))
        return answer

    async def execute(self, code: str) -> AsyncIterator[Message]:
        """Runs code.

        Args:
            code: Python, as typed into a notebook's cell.

        Yields:
            The messages that the code gave rise to, the ``execute_reply`` last.

        Raises:
            KernelLost: The kernel ended, or sent what no kernel sends.
        """
        sent = self._send("shell", "execute_request", request(code))
        with self._watched():
            async for message in self._answers(sent):
                yield message
        self.used = time.monotonic()

    async def _answers(self, sent: str) -> AsyncIterator[Message]:
        """Yields what belongs to a request until it was answered and the kernel is idle."""
        reply: Message | None = None
        idle, size, count = False, 0, 0
        while not (reply and idle):
            channels = await self._unless_ended(self._connection.waiting(IDLE_SECONDS if reply else None))
            if not channels:
                await self.lose("its output could no longer be read")
            for channel in channels:
                message, length = await self._receive(channel)
                size, count = size + length, count + 1
                if size > self.limits.traffic_bytes or count > self.limits.messages:
                    await self.lose("it sent too much output")
                if parent(message) != sent:
                    continue
                if channel == "shell":
                    reply = message
                elif message["msg_type"] == "status":
                    idle = message["content"].get("execution_state") == "idle"
                else:
                    yield message
        assert reply is not None
        yield reply

    async def interrupt(self) -> None:
        """Asks the running code to stop, as Ctrl-C does."""
        with contextlib.suppress(KernelLost):
            self._send("control", "interrupt_request", {})

    def leftovers(self) -> list[psutil.Process]:
        """Returns the processes that code has started and that still run."""
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(self._process.pid).children(recursive=True)
            new = (child for child in children if child.pid not in self._ours)
            return [child for child in new if child.status() != psutil.STATUS_ZOMBIE]
        return []

    async def sweep(self) -> None:
        """Ends what the code has left running.

        Raises:
            KernelLost: It multiplied faster than it could be ended, so the whole sandbox was.
        """
        for _ in range(20):
            if not (left := self.leftovers()):
                return
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            await asyncio.sleep(0.01)
        await self.lose("the processes that it had started could not be stopped")

    async def close(self) -> None:
        """Ends the kernel and everything in its sandbox; returns when it is gone."""
        self.kill("it was ended")
        await self.ended.wait()

    def kill(self, reason: str) -> None:
        """Ends the sandbox at once.

        Args:
            reason: Why, for those who wait for it; the first one counts.
        """
        self._reason = self._reason or reason
        kill(self._process)

    def _on_exit(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        status = self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()
        self._connection.close()
        os.close(self._pidfd)
        os.close(self._ready.files)
        self._reason = self._reason or _exit_reason(status, self.limits)
        self.ended.set()

    async def lose(self, reason: str) -> NoReturn:
        """Ends a kernel that cannot be trusted any more.

        Raises:
            KernelLost: Always.
        """
        self.kill(reason)
        await self.ended.wait()
        raise KernelLost(self._reason)

    def _send(self, channel: Channel, kind: str, content: Message) -> str:
        if not self.alive:
            raise KernelLost(self._reason)
        try:
            return self._connection.send(channel, kind, content)
        except Broken as error:
            self.kill(str(error))
            raise KernelLost(self._reason) from error

    async def _next(self, channel: Channel) -> Message:
        message, _ = await self._receive(channel)
        return message

    async def _receive(self, channel: Channel) -> tuple[Message, int]:
        try:
            received: tuple[Message, int] = await self._unless_ended(self._connection.receive(channel))
        except Broken as error:
            await self.lose(str(error))
        return received

    async def _unless_ended(self, work: Any) -> Any:
        """Awaits ``work``; where the kernel ends first, says why."""
        task, end = asyncio.ensure_future(work), asyncio.ensure_future(self.ended.wait())
        try:
            await asyncio.wait((task, end), return_when=asyncio.FIRST_COMPLETED)
            if self.ended.is_set():
                raise KernelLost(self._reason)
            return task.result()
        finally:
            for waiting in (task, end):
                waiting.cancel()
            await asyncio.gather(task, end, return_exceptions=True)

    @contextlib.contextmanager
    def _watched(self) -> Any:
        """Looks now and then at what the sandbox uses."""
        task = asyncio.ensure_future(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self) -> None:
        while self.alive:
            await asyncio.sleep(WATCH_SECONDS)
            if self.alive and (reason := self._excess()):
                self.kill(reason)

    def _excess(self) -> str:
        disk = os.statvfs(f"/proc/self/fd/{self._ready.files}")
        if (disk.f_files - disk.f_ffree) > self.limits.inodes:
            return f"it made more than {self.limits.inodes:,} files"
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        with contextlib.suppress(psutil.Error):
            for process in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    used += process.memory_info().rss
        if used > self.limits.memory:
            return f"it used more than {self.limits.memory >> 20} MiB of memory"
        return ""


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kills a sandbox and everything in it."""
    if process.returncode is not None:
        return
    children: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        children = psutil.Process(process.pid).children()
    # The first process of the sandbox: with it Linux kills all others there, and only then bwrap ends.
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()
    if not children:
        process.kill()


async def _receive(ours: socket.socket) -> Ready:
    """Waits for the kernel's word that it is ready, with the folders that come with it."""
    ours.setblocking(False)
    await readable(ours.fileno())
    room = socket.CMSG_SPACE(struct.calcsize("3i")) + socket.CMSG_SPACE(struct.calcsize("2i"))
    data, ancillary, *_ = ours.recvmsg(4096, room)
    numbers, pid = array.array("i"), 0
    for _, kind, body in ancillary:
        if kind == socket.SCM_RIGHTS:
            numbers.frombytes(body[: len(body) - len(body) % numbers.itemsize])
        elif kind == socket.SCM_CREDENTIALS:
            pid = struct.unpack("3i", body)[0]
    match data, list(numbers):
        case b"ready", [sockets, files] if pid:
            return Ready(pid, sockets, files)
    for number in numbers:
        os.close(number)
    raise KernelLost(data.decode(errors="replace").strip() or "it ended at once")


def _decoded(reply: Message) -> Any:
    return json.loads(ast.literal_eval(reply["content"]["user_expressions"]["answer"]["data"]["text/plain"]))


def _order(limits: Limits, key: str) -> Message:
    return {
        "key": key, "channels": NUMBERED, "of_process": limits.of_process(),
        "output_characters": limits.output_characters,
    }  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> str:
    """Ends a sandbox whose kernel did not come up; returns what it complained of."""
    kill(process)
    process.wait()
    assert process.stderr is not None
    with process.stderr:
        return process.stderr.read(4000).decode(errors="replace").strip()


def _exit_reason(status: int, limits: Limits) -> str:
    number = -status if status < 0 else status - 128
    if number == signal.SIGXCPU:
        return f"it used more than {limits.cpu_seconds} s of processor time"
    if number in (signal.SIGSEGV, signal.SIGABRT):
        # Compiled libraries seldom look whether they were given memory; Python itself raises MemoryError.
        name, most = signal.Signals(number).name, limits.memory >> 20
        return f"its process crashed with {name}, as compiled code does that gets no more of the {most} MiB of memory"
    if number > 0:
        with contextlib.suppress(ValueError):
            return f"its process was ended by {signal.Signals(number).name}"
    return f"its process ended with status {status}"
