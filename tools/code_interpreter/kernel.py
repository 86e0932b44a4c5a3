"""One Jupyter kernel in one sandbox: started, asked, watched and ended.

Whatever the code in it does, it ends with a result or with ``KernelLost``, whose text tells the model why.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import os
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import zmq.asyncio

from .cell import Cell, KernelLost, Runner
from .connection import UNREADABLE, Broken, Channel, Connection, Message, parent, request
from .limits import Limits

WATCH_SECONDS = 0.2
IDLE_SECONDS = 2.0


class FileProblem(Exception):
    """A file could not be written or read inside; the text says why."""


class Kernel:
    """A running kernel; made by ``start`` and ended by ``close``."""

    def __init__(self, cell: Cell, context: zmq.asyncio.Context, key: str, limits: Limits) -> None:
        self.limits = limits
        self._cell = cell
        self._connection = Connection(context, cell.sockets, key, limits)
        self._reason = ""
        self.ended = asyncio.Event()
        self.used = time.monotonic()
        self._pidfd = os.pidfd_open(cell.process.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._on_exit)

    @classmethod
    async def start(cls, runner: Runner, limits: Limits, context: zmq.asyncio.Context) -> Kernel:
        """Starts a kernel and waits until it answers.

        Raises:
            KernelLost: It did not start.
        """
        key = secrets.token_hex(32)
        kernel = cls(await runner.start(limits, key), context, key, limits)
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
        """The kernel's process as it is seen here, or the nearest one to it."""
        return self._cell.pid

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

    async def sweep(self) -> None:
        """Ends what the code has left running.

        Raises:
            KernelLost: It multiplied faster than it could be ended, so the whole sandbox was.
        """
        if not await self._cell.sweep(self.ask):
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
        self._cell.kill()

    def _on_exit(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        status = self._cell.process.wait()
        self._connection.close()
        self._cell.close()
        os.close(self._pidfd)
        self._reason = self._reason or self._cell.exit_reason(status)
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
            if self.alive and (reason := self._cell.excess()):
                self.kill(reason)


def _decoded(reply: Message) -> Any:
    return json.loads(ast.literal_eval(reply["content"]["user_expressions"]["answer"]["data"]["text/plain"]))
