"""Turns that run whoever watches."""

from __future__ import annotations

import asyncio

from assistant.events import Answer, Began, Failed, TextDelta
from assistant.live import LiveTurns


async def words(gate, *, end=None):
    yield Began("c", 1)
    yield TextDelta("one ")
    await gate.wait()
    yield TextDelta("two")
    if end:
        yield end


async def seen(live, into):
    async for events in live.follow():
        into += events


async def test_whoever_follows_gets_all_of_it_and_may_leave_without_stopping_it():
    turns, gate, early, late = LiveTurns(), asyncio.Event(), [], []
    live = turns.start("One?", words(gate, end=Failed("No.", "c")))
    leaving, staying = asyncio.create_task(seen(live, [])), asyncio.create_task(seen(live, early))
    await asyncio.sleep(0.01)
    leaving.cancel()
    assert turns.of("c") is live
    assert live.turn == 1
    coming = asyncio.create_task(seen(live, late))
    gate.set()
    await asyncio.gather(staying, coming)
    assert early == late == [Began("c", 1), TextDelta("one "), TextDelta("two"), Failed("No.", "c")]
    assert (live.ended, turns.of("c")) == (True, None)


async def test_a_stopped_turn_has_an_end_for_those_who_follow():
    turns, events = LiveTurns(), []
    live = turns.start("One?", words(asyncio.Event()))
    following = asyncio.create_task(seen(live, events))
    await asyncio.sleep(0.01)
    live.stop()
    await following
    assert (events[-1].kind, events[-1].conversation) == ("Stopped", "c")


async def test_closing_ends_what_runs():
    turns = LiveTurns()
    live = turns.start("One?", words(asyncio.Event()))
    await asyncio.sleep(0.01)
    await turns.close()
    assert live.ended


async def test_a_stream_that_breaks_is_a_failure():
    async def broken():
        yield Began("c", 1)
        raise RuntimeError("oops")

    events = []
    await seen(LiveTurns().start("One?", broken()), events)
    assert isinstance(events[-1], Failed)
    assert "oops" in events[-1].message
    assert not any(isinstance(event, Answer) for event in events)
