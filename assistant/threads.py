"""Runs what may hang in threads of their own, and gets rid of those that were given up."""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import inspect
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from assistant.errors import said

Value = TypeVar("Value")

log = logging.getLogger(__name__)

# Seconds that a call which was given up has to return by itself.
GRACE = 2.0


class Ended(RuntimeError):
    """A function ended with what cannot be passed on, such as SystemExit."""


class Abandoned(BaseException):
    """Raised inside a thread that nobody waits for any more."""


async def in_thread(function: Callable[[], Value] | Callable[[], Awaitable[Value]]) -> Value:
    """Runs a function in a daemon thread of its own, in a copy of the context; an async one in a loop of its own.

    A pool would be filled by tools that hang, its threads would keep the process from ending, and an async tool that
    blocks would block everybody in a loop that is shared. If the caller is cancelled, a coroutine is cancelled too, and
    after a grace the thread is told to end; one that is inside a C function hears of it when it comes back.

    Raises:
        Exception: What the function raised.
        Ended: It raised what is no ``Exception``.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Value] = loop.create_future()
    stops: list[Callable[[], object]] = []
    work = _awaiting(function, stops) if inspect.iscoroutinefunction(function) else function
    thread = _start(work, lambda setter, value: _post(loop, _settle, future, setter, value))
    try:
        return await future
    except asyncio.CancelledError:
        for stop in stops:
            stop()
        loop.call_later(GRACE, abandon, thread)
        raise


def _awaiting(function: Callable[[], Awaitable[Value]], stops: list[Callable[[], object]]) -> Callable[[], Value]:
    async def main() -> Value:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        stops.append(lambda: _post(loop, task.cancel))
        return await function()

    return lambda: asyncio.run(main())


def within(seconds: float, function: Callable[[], Value]) -> Value:
    """Runs a function in a thread of its own and waits for it.

    Raises:
        TimeoutError: It took longer than ``seconds``.
        Exception: As for ``in_thread``.
    """
    outcome: list[tuple[str, Any]] = []
    thread = _start(function, lambda setter, value: outcome.append((setter, value)))
    thread.join(seconds)
    if not outcome:
        abandon(thread)
        raise TimeoutError(f"it took longer than {seconds:g} s")
    setter, value = outcome[0]
    if setter == "set_exception":
        raise value
    return value  # type: ignore[no-any-return]  # the function's own value


def abandon(thread: threading.Thread) -> None:
    """Raises ``Abandoned`` in a thread that still runs, so that an endless loop ends."""
    if thread.is_alive() and thread.ident is not None:
        log.warning("a call that was given up still runs; ending its thread")
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Abandoned))


def _start(function: Callable[[], Any], done: Callable[[str, Any], None]) -> threading.Thread:
    def work() -> None:
        try:
            value = function()
        except Abandoned:
            log.info("a call that was given up has ended")
        except BaseException as error:  # SystemExit in a tool must not end the thread unheard
            done("set_exception", error if _can_be_passed_on(error) else _ended(error))
        else:
            done("set_result", value)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="tool", daemon=True)
    thread.start()
    return thread


def _can_be_passed_on(error: BaseException) -> bool:
    return isinstance(error, Exception) and not isinstance(error, StopIteration)  # which no future takes


def _ended(error: BaseException) -> Ended:
    return Ended(f"{type(error).__name__}: {said(error)}").with_traceback(error.__traceback__)


def _settle(future: asyncio.Future[Any], setter: str, value: Any) -> None:
    if not future.done():
        getattr(future, setter)(value)


def _post(loop: asyncio.AbstractEventLoop, *call: Any) -> None:
    try:
        loop.call_soon_threadsafe(*call)
    except RuntimeError:
        log.info("a tool returned after its event loop was closed")
