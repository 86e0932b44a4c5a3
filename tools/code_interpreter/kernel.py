"""One Jupyter kernel in one sandbox, and the few messages that are exchanged with it.

What comes from a kernel may be forged by the code that runs in it. So sizes and types are checked, a connection is
never made again (the socket's path may lead elsewhere by then), and whatever does not fit ends the kernel.
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
from dataclasses import asdict, dataclass
from typing import Any, Literal, NoReturn

import psutil
import zmq
import zmq.asyncio
from jupyter_client.session import Session

from .limits import Limits
from .sandbox import KERNEL, Walls

Message = dict[str, Any]
Channel = Literal["shell", "iopub", "control"]

# In the order in which the kernel numbers its sockets.
CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
WATCH_SECONDS = 0.2

# What reading forged data raises.
UNREADABLE = (KeyError, TypeError, AttributeError, ValueError, SyntaxError, MemoryError, RecursionError)


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
        self._session = Session(key=key.encode())
        self._sockets = {name: _connect(context, ready.sockets, name) for name in ("shell", "iopub", "control")}
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
                ours.send(json.dumps(asdict(limits) | {"key": key, "channels": CHANNELS}).encode())
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
        sent = self._send("shell", "execute_request", _request("", silent=True, user_expressions=call))
        with self._watched():
            try:
                async with asyncio.timeout(self.limits.grace + 10):
                    while (reply := await self._next("shell"))["parent_header"].get("msg_id") != sent:
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
        sent, received = self._send("shell", "execute_request", _request(code)), 0
        with self._watched():
            async for message, size in self._messages(sent):
                received += size
                if received > self.limits.traffic_bytes:
                    await self.lose(f"it sent more than {self.limits.traffic_bytes >> 20} MiB")
                yield message
        self.used = time.monotonic()

    async def _messages(self, sent: str) -> AsyncIterator[tuple[Message, int]]:
        """Yields the messages of one request with their sizes until it was answered and the kernel is idle."""
        reply: tuple[Message, int] | None = None
        poller = zmq.asyncio.Poller()
        for name in ("shell", "iopub"):
            poller.register(self._sockets[name], zmq.POLLIN)
        idle = False
        while not (reply and idle):
            # Publications that were lost in a flood are not waited for long.
            ready = dict(await self._unless_ended(poller.poll(1000 if reply else None)))
            if reply and not ready:
                break
            names: tuple[Channel, ...] = ("iopub", "shell")
            for name in names:
                if self._sockets[name] not in ready:
                    continue
                message, size = await self._receive(name)
                if message["parent_header"].get("msg_id") != sent:
                    continue
                if name == "shell":
                    reply = message, size
                elif message["msg_type"] == "status":
                    idle = message["content"].get("execution_state") == "idle"
                else:
                    yield message, size
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
            return [child for child in children if child.pid not in self._ours]
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
        for number in (self._pidfd, self._ready.sockets, self._ready.files):
            os.close(number)
        for channel in self._sockets.values():
            channel.close(linger=0)
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
        message = self._session.msg(kind, content)
        try:
            self._session.send(self._sockets[channel], message)
        except zmq.ZMQError:
            self.kill("its connection was lost")
            raise KernelLost(self._reason) from None
        return str(message["header"]["msg_id"])

    async def _next(self, channel: Channel) -> Message:
        await self._unless_ended(self._sockets[channel].poll())
        message, _ = await self._receive(channel)
        return message

    async def _receive(self, channel: Channel) -> tuple[Message, int]:
        try:
            parts = await self._unless_ended(self._sockets[channel].recv_multipart())
            _, frames = self._session.feed_identities(parts)
            message = self._session.deserialize(frames)
        except (*UNREADABLE, zmq.ZMQError):
            await self.lose("it sent a malformed message")
        if not isinstance(message.get("parent_header"), dict) or not isinstance(message.get("content"), dict):
            await self.lose("it sent a malformed message")
        return message, sum(map(len, parts))

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
        for process in [psutil.Process(self.pid), *self.leftovers()]:
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


def _connect(context: zmq.asyncio.Context, folder: int, name: str) -> zmq.asyncio.Socket:
    made = context.socket(zmq.SUB if name == "iopub" else zmq.DEALER)
    made.setsockopt(zmq.RECONNECT_IVL, -1)
    made.setsockopt(zmq.MAXMSGSIZE, 64 << 20)
    made.setsockopt(zmq.LINGER, 0)
    made.setsockopt(zmq.SNDTIMEO, 0)
    if name == "iopub":
        made.setsockopt(zmq.RCVHWM, 0)
        made.setsockopt(zmq.SUBSCRIBE, b"")
    made.connect(f"ipc:///proc/self/fd/{folder}/k-{CHANNELS.index(name) + 1}")
    return made


async def _receive(ours: socket.socket) -> Ready:
    """Waits for the kernel's word that it is ready, with the folders that come with it."""
    ours.setblocking(False)
    await _readable(ours)
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


async def _readable(ours: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    loop.add_reader(ours, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(ours)


def _request(code: str, silent: bool = False, user_expressions: dict[str, str] | None = None) -> Message:
    return {
        "code": code, "silent": silent, "store_history": not silent, "user_expressions": user_expressions or {},
        "allow_stdin": False, "stop_on_error": False,
    }  # fmt: skip


def _decoded(reply: Message) -> Any:
    return json.loads(ast.literal_eval(reply["content"]["user_expressions"]["answer"]["data"]["text/plain"]))


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
    if number > 0:
        with contextlib.suppress(ValueError):
            return f"its process was ended by {signal.Signals(number).name}"
    return f"its process ended with status {status}"
