"""Chat completions of a server as the plain JSON that came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import openai

Piece = dict[str, Any]

# The texts of a piece, which can be put together with those of the next.
TEXTS = ("content", "reasoning", "reasoning_content")
# Of the time that a reply has taken so far, what may be slept.
PART = 0.02


class PlainCompletions:
    """Takes the place of the client's own completions, which make typed objects.

    Making one from each piece of a stream, and a dictionary from that again, takes more than half of all that a piece
    costs; going through each key of each message takes more than the rest of the request in a long conversation.

    Args:
        client: Sends, and tells its errors.
    """

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client

    async def create(
        self, *, gather: float = 0, extra_body: Mapping[str, Any] | None = None, **body: Any
    ) -> openai.AsyncStream[Piece] | Gathered:
        """Returns the pieces of a reply as they come.

        Args:
            gather: Seconds in which pieces may be put together to one.
            extra_body: More of the body.
            body: What is asked, which is plain JSON already.

        Raises:
            openai.OpenAIError: There is no reply.
        """
        stream: openai.AsyncStream[Any] = await self._client.post(
            "/chat/completions",
            cast_to=object,
            body={**body, **(extra_body or {})},
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )
        return Gathered(stream, gather) if gather else stream


class Gathered:
    """A stream in fewer and larger pieces, for those who do not read along.

    What comes is left with the system for a while and then read at once, as waking up for each piece is most of what a
    piece costs. That delays the end by a hundredth of the time that the reply took, on average.

    Args:
        stream: As it comes.
        seconds: That it is left at most.
    """

    def __init__(self, stream: openai.AsyncStream[Piece], seconds: float) -> None:
        self._stream, self._seconds = stream, seconds
        self._made = self._pieces()

    async def __aenter__(self) -> AsyncGenerator[Piece, None]:
        """Returns the pieces."""
        return self._made

    async def __aexit__(self, *_: object) -> None:
        """Closes the request, which frees its place at the server."""
        await self._made.aclose()
        await self._stream.close()

    async def _pieces(self) -> AsyncGenerator[Piece, None]:
        loop, waited = asyncio.get_running_loop(), asyncio.Event()
        began, held = loop.time(), None
        waited.set()
        async for piece in self._stream:
            last = waited.is_set()  # it had to be waited for, so that no other is here yet
            if held is None:
                held = piece
            elif not _put_together(held, piece):
                yield held
                held = piece
            if last:
                yield held
                held = None
                await asyncio.sleep(min(self._seconds, PART * (loop.time() - began)))
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
