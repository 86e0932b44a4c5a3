"""Chat completions of a server as the plain JSON that came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from typing import Any, Protocol

from assistant.engines.wire import Piece, Place, Wire

# The texts of a piece, which can be put together with those of the next.
TEXTS = ("content", "reasoning", "reasoning_content")
# Of the time that a reply has taken so far, what may be slept.
PART = 0.02
# Seconds below which sleeping is not worth it: event loops count in thousandths.
SHORTEST = 0.002


class PlainCompletions:
    """Takes the place of the openai client's completions, which make typed objects.

    Making one from each piece of a stream, and a dictionary from that again, takes more than half of all that a piece
    costs; going through each key of each message takes more than the rest of the request in a long conversation.

    Args:
        wire: Leads to the server.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def create(
        self, *, gather: float = 0, place: Place = nullcontext, extra_body: Mapping[str, Any] | None = None, **body: Any
    ) -> AbstractAsyncContextManager[AsyncIterable[Piece]]:
        """Returns the pieces of a reply as they come; what can fail does so when they are asked for.

        Args:
            gather: Seconds in which pieces may be put together to one.
            place: Gives what is held while the server answers.
            extra_body: More of the body.
            body: What is asked, which is plain JSON already.
        """
        return self._reply({**body, **(extra_body or {})}, gather, place)

    @asynccontextmanager
    async def _reply(self, body: Mapping[str, Any], gather: float, place: Place) -> AsyncIterator[AsyncIterable[Piece]]:
        async with self._wire.post("/chat/completions", body, place) as stream:
            if not gather:
                yield stream
                return
            async with aclosing(gathered(stream, gather)) as pieces:
                yield pieces


class Sleeping(Protocol):
    """Pieces that can be left where they are for a while."""

    def __aiter__(self) -> AsyncIterator[Piece]:
        """Returns the pieces."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Takes nothing in meanwhile."""
        ...


async def gathered(stream: Sleeping, seconds: float) -> AsyncGenerator[Piece, None]:
    """Yields a stream in fewer and larger pieces, for those who do not read along.

    What comes is left with the system for a while and then read at once, as waking up for each piece is most of what a
    piece costs. That delays the end by a hundredth of the time that the reply took, on average.

    Args:
        stream: As it comes.
        seconds: That it is left at most.
    """
    loop, waited = asyncio.get_running_loop(), asyncio.Event()
    began, held = loop.time(), None
    waited.set()
    async for piece in stream:
        last = waited.is_set()  # it had to be waited for, so that no other is here yet
        if held is None:
            held = piece
        elif not _put_together(held, piece):
            yield held
            held = piece
        if last:
            yield held
            held = None
            if (pause := min(seconds, PART * (loop.time() - began))) >= SHORTEST:
                await stream.sleep(pause)
        waited.clear()
        loop.call_soon(waited.set)  # which comes to pass only if the next piece is waited for
    if held is not None:
        yield held


def complete(piece: Piece) -> Piece:
    """Adds to a piece what the client's own objects would have where the server leaves it out."""
    for choice in piece.get("choices") or []:
        delta = choice.setdefault("delta", None) or {}
        for call in delta.get("tool_calls") or []:
            call.setdefault("index", None)
            call["function"] = call.get("function") or {}
    return piece


def _put_together(held: Piece, piece: Piece) -> bool:
    """Adds the next piece's words, or its part of a call's arguments, to one; false where it has more than that."""
    ours, theirs = _delta(held), _delta(piece)
    if ours is None or theirs is None or set(theirs) - {*TEXTS, "role", "tool_calls"}:
        return False
    if calls := theirs.get("tool_calls"):
        return not any(theirs.get(name) for name in TEXTS) and _argument_added(ours.get("tool_calls"), calls)
    if ours.get("tool_calls"):
        return False
    for name in TEXTS:
        if theirs.get(name):
            ours[name] = (ours.get(name) or "") + theirs[name]
    return True


def _delta(piece: Piece) -> dict[str, Any] | None:
    """What a piece adds, where it does nothing else."""
    choices = piece.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or piece.get("usage") or piece.get("error"):
        return None
    choice = choices[0]
    if choice.get("finish_reason") or choice.get("logprobs") or choice.get("stop_reason"):
        return None
    delta = choice.get("delta")
    return delta if isinstance(delta, dict) else None


def _argument_added(ours: Any, theirs: Any) -> bool:
    if not (ours and len(ours) == len(theirs) == 1):
        return False
    call, more = ours[0], theirs[0]
    begun, added = call.get("function"), more.get("function")
    if not (begun and added) or more.get("id") or added.get("name") or more.get("index") != call.get("index"):
        return False
    begun["arguments"] = (begun.get("arguments") or "") + (added.get("arguments") or "")
    return True
