"""The model is asked as much at once as is wanted; waiting for it takes nothing from a row's time."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from assistant.batch.gate import Gate, Pass


async def test_no_more_than_wanted_go_through_at_once() -> None:
    gate, inside, most = Gate(3), 0, 0

    async def ask() -> None:
        nonlocal inside, most
        async with asyncio.timeout(None) as limit, Pass(gate, limit).place():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    await asyncio.gather(*(ask() for _ in range(20)))
    assert (inside, most) == (0, 3)


async def test_a_rows_time_stands_still_while_it_waits() -> None:
    gate, held = Gate(1), AsyncExitStack()
    await held.enter_async_context(Pass(gate, asyncio.timeout(None)).place())
    async with asyncio.timeout(0.5) as limit:
        before = limit.when()
        assert before is not None
        asyncio.get_running_loop().call_later(1, lambda: asyncio.ensure_future(held.aclose()))
        passes = Pass(gate, limit)
        async with passes.place():
            assert passes.waited > 0.5
            assert limit.when() == before + passes.waited


async def test_where_there_is_room_nothing_is_waited_for() -> None:
    async with asyncio.timeout(5) as limit:
        end = limit.when()
        passes = Pass(Gate(1), limit)
        async with passes.place():
            assert (passes.waited, limit.when()) == (0, end)


async def test_a_place_is_free_again_after_an_error() -> None:
    passes = Pass(Gate(1), asyncio.timeout(None))
    for _ in range(3):
        with pytest.raises(ValueError, match="such"):
            async with passes.place():
                raise ValueError("such")
