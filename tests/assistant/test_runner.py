import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, computed_field, model_serializer

from assistant.errors import ToolCrashed
from assistant.events import ToolCall
from assistant.plugin import Context, ToolError, tool
from assistant.runner import MAX_RESULT, run_tool
from assistant.schema import build_tool


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(library=None, cite=lambda hit: 1, folder=tmp_path / "files")  # type: ignore[arg-type]


async def call(function: Callable[..., Any], arguments: dict[str, Any], context: Context) -> ToolCall:
    return await run_tool(build_tool(function, __file__), "c1", arguments, context)


async def test_sync_and_async_tools_return(context: Context) -> None:
    @tool
    def add(a: int, b: int = 1) -> int:
        """Add."""
        return a + b

    @tool
    async def wait(ctx: Context) -> str:
        """Wait."""
        await asyncio.sleep(0)
        return type(ctx).__name__

    assert (await call(add, {"a": 2}, context)).result == 3
    assert (await call(wait, {}, context)).result == "Context"


async def test_wrong_arguments_are_told_to_the_model(context: Context) -> None:
    @tool
    def add(a: int, b: int = 1) -> int:
        """Add."""
        return a + b

    for arguments in ({}, {"a": "x"}, {"a": 1, "c": 2}):
        finished = await call(add, arguments, context)
        assert not finished.ok
        assert "wrong arguments for add" in finished.result
        assert "It takes: a, b (optional)." in finished.result


async def test_a_tool_error_is_told_to_the_model(context: Context) -> None:
    @tool
    def refuse() -> None:
        """Refuse."""
        raise ToolError("not today")

    finished = await call(refuse, {}, context)
    assert (finished.ok, finished.result) == (False, "not today")


async def test_any_other_exception_is_a_bug_of_the_tool(context: Context, caplog: pytest.LogCaptureFixture) -> None:
    @tool
    def crash() -> None:
        """Crash."""
        raise KeyError("gone")

    @tool
    def leave() -> None:
        """Leave."""
        raise SystemExit(1)

    with pytest.raises(ToolCrashed, match="'crash' failed"):
        await call(crash, {}, context)
    with pytest.raises(ToolCrashed, match="SystemExit"):
        await call(leave, {}, context)
    assert "Traceback" in caplog.text


async def test_a_tool_that_hangs_is_given_up_and_told_to_stop(context: Context) -> None:
    stopped = threading.Event()

    @tool(timeout=0.05)
    def hang(ctx: Context) -> None:
        """Hang."""
        while not ctx.cancelled:
            time.sleep(0.005)
        stopped.set()

    finished = await call(hang, {}, context)
    assert not finished.ok
    assert "longer than 0.05 s" in finished.result
    assert await asyncio.to_thread(stopped.wait, 2)


async def test_a_result_that_cannot_be_passed_on_is_an_error(context: Context) -> None:
    @tool
    def strange() -> object:
        """Strange."""
        return object()

    @tool
    def huge() -> str:
        """Huge."""
        return "x" * (MAX_RESULT + 1)

    assert "cannot be passed on" in (await call(strange, {}, context)).result
    assert "ask for less" in (await call(huge, {}, context)).result


async def test_saved_files_get_safe_and_free_names(context: Context) -> None:
    @tool
    def save(ctx: Context) -> int:
        """Save."""
        ctx.save("../../etc/pass wd.txt", b"1", "text/plain")
        ctx.save("../../etc/pass wd.txt", b"2", "text/plain")
        ctx.save("ö" * 400 + ".txt", b"3")
        ctx.save("n." + "e" * 400, b"4")
        return 2

    assert (await call(save, {}, context)).ok
    paths = [Path(artifact.path) for artifact in context.artifacts]
    assert all(path.parent == context.folder for path in paths)
    assert [path.read_bytes() for path in paths] == [b"1", b"2", b"3", b"4"]
    assert paths[2].suffix == ".txt"


def test_a_second_plot_of_a_name_keeps_its_ending(context: Context) -> None:
    names = [Path(context.save("line.plotly.json", "{}").path).name for _ in range(3)]
    assert names == ["line.plotly.json", "line-2.plotly.json", "line-3.plotly.json"]


async def test_twenty_calls_do_not_wait_for_each_other(context: Context) -> None:
    @tool
    def nap() -> None:
        """Nap."""
        time.sleep(0.1)

    started = time.perf_counter()
    await asyncio.gather(*(call(nap, {}, context) for _ in range(20)))
    assert time.perf_counter() - started < 1


async def test_what_a_result_makes_of_itself_is_limited_and_held_up_by_nobody(context: Context) -> None:
    class Swelling(BaseModel):
        @computed_field
        def whole(self) -> str:
            return "x" * 500_000_000

    class Slow(BaseModel):
        @model_serializer
        def slowly(self) -> str:
            time.sleep(30)
            return ""

    @tool
    def swell() -> Swelling:
        """Swell."""
        return Swelling()

    @tool
    def queue() -> deque[str]:
        """Fill."""
        return deque(["x" * 1_000_000] * 500)

    @tool(timeout=1)
    def linger() -> Slow:
        """Linger."""
        return Slow()

    for function in (swell, queue):
        assert "200,000 characters" in (await call(function, {}, context)).result
    beats = asyncio.create_task(_beats(0.8))
    assert "longer than 1 s" in (await call(linger, {}, context)).result
    assert await beats > 20


async def _beats(seconds: float) -> int:
    """Returns how often the event loop came round."""
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        await asyncio.sleep(0.01)
        count += 1
    return count


async def test_progress_is_what_can_be_shown(context: Context) -> None:
    reports: list[tuple[float | None, str]] = []
    context.report = lambda fraction, message: reports.append((fraction, message))

    @tool
    def shout(ctx: Context) -> None:
        """Shout."""
        for fraction, message in ((float("nan"), "x" * 5_000_000), (7, "\ud800"), ("half", ["not", "a", "text"])):
            ctx.report(fraction, message)

    await call(shout, {}, context)
    assert [fraction for fraction, _ in reports] == [None, None, None]
    assert max(len(message) for _, message in reports) == 4000
    assert [message for _, message in reports][1:] == ["?", "['not', 'a', 'text']"]


async def test_exceptions_that_futures_and_logs_do_not_take(context: Context) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    class MuteError(ToolError):
        def __str__(self) -> str:
            raise ValueError

    failures = {"end": StopIteration("end"), "mute": Mute()}

    @tool(timeout=5)
    def fail(how: str) -> None:
        """Fail."""
        raise failures[how]

    for how, told in (("end", "StopIteration: end"), ("mute", "Mute: it does not tell why")):
        with pytest.raises(ToolCrashed, match=told):
            await call(fail, {"how": how}, context)

    @tool
    def refuse() -> None:
        """Refuse."""
        raise MuteError

    assert (await call(refuse, {}, context)).result == "it does not tell why"
