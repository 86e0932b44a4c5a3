"""All kernels of this process: one for each conversation, and a warm one in reserve.

They live in a thread of their own, since Linux ends a sandbox together with the thread that began it, and since a
conversation's kernel outlasts the event loop of a single question.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq.asyncio

from assistant.plugin import Context, ToolError

from . import files
from .cell import Bubblewrap, KernelLost, Runner
from .connection import UNREADABLE
from .container import Containers
from .engine import Engine
from .kernel import Kernel
from .limits import Limits
from .sandbox import Walls
from .scratch import make_folder
from .transcript import Transcript, settled

# The spare is made after the call that took the last one, so that they do not share the processor.
REFILL_SECONDS = 1.0

# Printed text is passed on so often at most, and so much of it at once.
STREAM_SECONDS, STREAM_CHARACTERS = 0.1, 2000


@dataclass(slots=True)
class Conversation:
    """What is kept of a conversation.

    Attributes:
        lock: Held during a call.
        kernel: Its kernel; None before the first call and after it was lost.
        known: Files of the conversation's folder that the kernel need not be given, with size and time of change.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    kernel: Kernel | None = None
    known: files.Known = field(default_factory=dict)


class Interpreter:
    """Runs code in kernels, each conversation's in its own."""

    def __init__(self, limits: Limits | None = None, engine: Engine | None = None) -> None:
        """Starts nothing yet.

        Args:
            limits: Of each kernel.
            engine: Makes the sandboxes; None leaves that to bubblewrap.
        """
        self.limits = limits or Limits()
        self._engine = engine
        self._conversations: dict[Path, Conversation] = {}
        self._spare: asyncio.Task[Kernel] | None = None
        self._begin = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._runner: Runner
        self._context: zmq.asyncio.Context
        self._keeper: asyncio.Task[None]

    def warm(self) -> None:
        """Makes a kernel ready in the background, so that the first call does not wait for one."""
        loop = self._started()
        loop.call_soon_threadsafe(self._refill)

    async def run(self, code: str, context: Context, restart: bool = False) -> dict[str, Any]:
        """Runs code in the conversation's kernel.

        Args:
            code: Python.
            context: Its folder tells the conversation; it takes the files and the progress.
            restart: Begins with a fresh kernel.

        Returns:
            ``output``, ``value``, ``files`` and ``notes``, each only where there is any.

        Raises:
            ToolError: The code raised, took too long or used too much.
        """
        if any("\ud800" <= character <= "\udfff" for character in code):
            raise ToolError("the code holds half of a surrogate pair, which is no character")
        call = self._call(code, context, restart)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call, self._started()))

    def close(self) -> None:
        """Ends all kernels; afterwards nothing that they started runs any more."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None or not thread.is_alive():
            return
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._end_all(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        self._loop = self._thread = None
        self._runner.close()

    def processes(self) -> list[int]:
        """Returns the process ids of the kernels, the spare included."""
        return [kernel.pid for kernel in self._kernels()]

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._begin:
            if self._loop is None:
                self._runner = _runner(self._engine)
                self._context = zmq.asyncio.Context()
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._serve, args=[self._loop], name="kernels", daemon=True)
                self._thread.start()
                atexit.register(_unless_forked(self.close))
            return self._loop

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        self._keeper = loop.create_task(self._end_idle())
        loop.run_forever()
        self._keeper.cancel()
        loop.run_until_complete(asyncio.gather(self._keeper, return_exceptions=True))
        self._context.destroy(linger=0)
        loop.close()

    async def _call(self, code: str, context: Context, restart: bool) -> dict[str, Any]:
        conversation = self._conversations.setdefault(context.folder.absolute(), Conversation())
        async with conversation.lock:
            if restart:
                await self._end(conversation)
            transcript = Transcript(self.limits)
            try:
                return await self._run(conversation, code, context, transcript)
            except KernelLost as error:
                await self._end(conversation)
                raise ToolError(_with_output(_lost(str(error)), transcript)) from error
            finally:
                assert self._loop is not None
                self._loop.call_later(REFILL_SECONDS, self._refill)

    async def _run(
        self, conversation: Conversation, code: str, context: Context, transcript: Transcript
    ) -> dict[str, Any]:
        kernel = await self._kernel(conversation, context.random.getrandbits(32))
        notes = await files.bring_in(kernel, context.folder, conversation.known)
        too_long = await self._execute(kernel, code, transcript, context)
        await kernel.sweep()
        notes += await files.take_out(kernel, context, conversation.known, transcript)
        if too_long:
            raise ToolError(_with_output(too_long, transcript))
        if transcript.error:
            raise ToolError(_with_output(transcript.error, transcript))
        saved = [Path(artifact.path).name for artifact in context.artifacts]
        result = {"output": transcript.text(), "value": transcript.value, "files": saved, "notes": notes}
        return {name: content for name, content in result.items() if content}

    async def _execute(self, kernel: Kernel, code: str, transcript: Transcript, context: Context) -> str:
        """Runs the code to its end, or stops it; returns what to say where it was stopped."""
        task = asyncio.ensure_future(_collect(kernel, code, transcript, context))
        try:
            done, _ = await asyncio.wait({task}, timeout=self.limits.seconds)
        except asyncio.CancelledError:
            await self._stop(kernel, task)
            raise
        if not done:
            await self._stop(kernel, task)
        task.result()
        return "" if done else f"The code was stopped after {self.limits.seconds:g} s; its variables are kept."

    async def _stop(self, kernel: Kernel, task: asyncio.Task[None]) -> None:
        await kernel.interrupt()
        done, _ = await asyncio.wait({task}, timeout=self.limits.grace)
        if not done:
            kernel.kill(f"the code went on after {self.limits.seconds:g} s although it was told to stop")
            await asyncio.wait({task})

    async def _kernel(self, conversation: Conversation, seed: int) -> Kernel:
        if conversation.kernel and conversation.kernel.alive:
            return conversation.kernel
        await self._end(conversation)
        await self._make_room()
        spare, self._spare = self._spare, None
        kernel = await spare if spare else await self._new()
        if not kernel.alive:
            kernel = await self._new()
        await kernel.ask(f"begin_chance({seed})")
        conversation.kernel = kernel
        return kernel

    async def _new(self) -> Kernel:
        return await Kernel.start(self._runner, self.limits, self._context)

    async def _make_room(self) -> None:
        """Ends the kernel that was not used for the longest time where there are too many."""
        having = [conversation for conversation in self._conversations.values() if conversation.kernel]
        if len(having) < self.limits.kernels:
            return
        free = [conversation for conversation in having if not conversation.lock.locked()]
        if not free:
            raise ToolError(f"All {self.limits.kernels} interpreters are busy; try again in a moment.")
        await self._end(min(free, key=lambda one: one.kernel.used if one.kernel else 0))

    async def _end(self, conversation: Conversation) -> None:
        kernel, conversation.kernel = conversation.kernel, None
        conversation.known.clear()
        if kernel:
            await kernel.close()

    async def _end_idle(self) -> None:
        while True:
            await asyncio.sleep(min(30, self.limits.idle_seconds / 2))
            for folder, conversation in list(self._conversations.items()):
                kernel = conversation.kernel
                idle = kernel and time.monotonic() - kernel.used > self.limits.idle_seconds
                # Whoever deletes a conversation deletes its folder.
                deleted = conversation.known and not folder.exists()
                if (idle or deleted) and not conversation.lock.locked():
                    await self._end(conversation)

    def _refill(self) -> None:
        if self.limits.spares and self._spare is None and self._loop is not None:
            self._spare = self._loop.create_task(self._make_spare())
            # A failure is met, and told, by the call that wants it.
            self._spare.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _make_spare(self) -> Kernel:
        await self._runner.ready()
        return await self._new()

    def _kernels(self) -> list[Kernel]:
        kernels = [one.kernel for one in self._conversations.values() if one.kernel and one.kernel.alive]
        spare = self._spare
        if spare and spare.done() and not spare.cancelled() and not spare.exception():
            kernels.append(spare.result())
        return kernels

    async def _end_all(self) -> None:
        if self._spare and not self._spare.done():
            self._spare.cancel()
        kernels = self._kernels()
        for kernel in kernels:
            kernel.kill("the assistant is ending")
        others = asyncio.all_tasks() - {asyncio.current_task(), self._keeper}
        await asyncio.gather(*(kernel.ended.wait() for kernel in kernels), *others, return_exceptions=True)
        self._spare = None


@functools.cache
def shared(limits: Limits, engine: Engine | None = None) -> Interpreter:
    """Returns the interpreter of this process with these limits: the tool's file may be loaded more than once."""
    return Interpreter(limits, engine)


def _runner(engine: Engine | None) -> Runner:
    folder = make_folder()
    return Containers(engine, folder) if engine else Bubblewrap(Walls.make(folder))


async def _collect(kernel: Kernel, code: str, transcript: Transcript, context: Context) -> None:
    printed, told = "", 0.0
    async for message in kernel.execute(code):
        try:
            printed += transcript.add(message)
        except UNREADABLE:
            await kernel.lose("it sent a malformed message")
        if printed.strip() and time.monotonic() - told > STREAM_SECONDS:
            context.progress(settled(printed)[-STREAM_CHARACTERS:].rstrip("\n"))
            printed, told = "", time.monotonic()
    if printed.strip():
        context.progress(settled(printed)[-STREAM_CHARACTERS:].rstrip("\n"))


def _with_output(problem: str, transcript: Transcript) -> str:
    printed = transcript.text()
    return f"{problem}\n\nPrinted before:\n{printed}" if printed else problem


def _lost(reason: str) -> str:
    return (
        f"The interpreter was ended, because {reason}. Variables are lost, files that were returned are kept, and the "
        "next call begins with a fresh one."
    )


def _unless_forked(function: Callable[[], None]) -> Callable[[], None]:
    """A copy of this process has the kernels' numbers, but they are not its own."""
    owner = os.getpid()
    return lambda: function() if os.getpid() == owner else None
