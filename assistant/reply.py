"""One reply of the model: what it is shown, made to fit, and what comes of it."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.utils import message_chunk_to_message

from assistant import state as turns
from assistant import taint, trim
from assistant.compaction import Summariser
from assistant.engines.chunks import AGAIN, PROGRESS
from assistant.engines.reasoning import THOUGHTS, settled, thoughts_of
from assistant.engines.room import Room
from assistant.errors import ContextOverflow, EngineRefused, StepLimit
from assistant.events import EngineProgress, ReasoningDelta, TextDelta
from assistant.evidence import Similarity
from assistant.prompts import prompt
from assistant.repair import mended, require_sound
from assistant.settings import AgentSettings
from assistant.state import Turn
from assistant.vision import BLIND, pictures_of, with_pictures

log = logging.getLogger(__name__)

# How servers put it that a model takes no pictures, or not so many.
NO_PICTURES = re.compile(r"image|multi-?modal|vision|picture", re.I)
EMPTY = "The model gave an empty reply; ask again, or look at the server's log."
ONLY_THOUGHT = "The model thought and then gave no answer; ask again, or let the server's context be longer."
SUMMARISING = "Summarising the beginning of the conversation."
TOO_LONG = "The request was too long for the model; it is shortened and sent again."
SUMMARISED = "The model was shown the beginning of this conversation in short, with the passages cited there."
TRIMMED = "What was found did not fit into the model's context; it was shown the best of it."
# How often a request is shortened before it is given up.
MOST_SHORTER = 5
# To which part of the room a conversation is shortened, so that it does not have to be at every question.
AFTER = 0.6
# What the messages must have beside rules and tools: bytes.
LEAST = 1_000


@dataclass(frozen=True, slots=True)
class Parts:
    """What the graph is made of.

    Attributes:
        engine: The chat model.
        engine_name: How it is called before people.
        limits: Of the loop and of what the model is shown.
        similarity: Compares sentences for the check.
        sees: Whether the engine is shown pictures; its name may only be known once it has answered.
        room: How much the engine can be sent; None for an engine that has no context to fill and cannot summarise.
    """

    engine: BaseChatModel
    engine_name: str
    limits: AgentSettings
    similarity: Similarity | None
    sees: Callable[[], bool] = bool
    room: Room | None = None


async def ask_model(parts: Parts, messages: list[AnyMessage], turn: Turn) -> AIMessage:
    """Returns the model's next reply, whose text and thoughts are emitted as they come.

    Args:
        parts: The engine and its limits.
        messages: Of the turn so far.
        turn: The turn.

    Raises:
        StepLimit: There were too many replies in the turn.
        EngineError: There is none.
    """
    if len(turns.replies(messages)) >= parts.limits.max_steps:
        raise StepLimit(
            f"The model called tools {parts.limits.max_steps} times without answering; "
            "ask for less at once or raise agent.max_steps."
        )
    await _keep_within(parts, turn)
    reply = await _fitted(parts, messages, turn)
    require_sound([*turns.replies(messages), reply], turn.tools)
    return taint.mark(reply) if turn.past.tainted or taint.is_tainted(messages) else reply


async def _keep_within(parts: Parts, turn: Turn) -> None:
    """Shortens a conversation past the settings' limits by its older half.

    One turn at a time would change the beginning of the prompt at every question, and the server could not use what it
    has in its prefix cache.
    """
    past, limits, count = turn.past, parts.limits, 0
    lengths = [sum(len(message.text) for message in each) for each in past.turns]
    while len(lengths) - count > limits.history_turns or sum(lengths[count:]) > limits.history_characters:
        count += (len(lengths) - count + 1) // 2
    if count:
        await _shorten(parts, turn, count)


async def _shorten(parts: Parts, turn: Turn, count: int) -> None:
    if parts.room is None:
        turn.past.drop(count)
        return
    turn.emit(EngineProgress(None, SUMMARISING, loading=False))
    most = await parts.room.bytes(turn.model)
    await Summariser(parts.engine, most // 2 if most else None).shorten(turn, count)


async def _fitted(parts: Parts, messages: list[AnyMessage], turn: Turn) -> AIMessage:
    """Asks with as much as the model can take; where that was too much, with less."""
    tools = [tool.for_model for tool in turn.tools.values()]
    fixed = trim.size([_rules(turn)]) + sum(tool.size for tool in turn.tools.values())
    for shorter in range(MOST_SHORTER + 1):
        most = await parts.room.bytes(turn.model) if parts.room else None
        context = await _context(parts, messages, turn, None if most is None else max(LEAST, most - fixed))
        sent = trim.size(context) + fixed
        try:
            reply = await _asked(parts, context, tools, turn)
        except ContextOverflow as error:
            if parts.room is None or shorter == MOST_SHORTER or sent <= fixed + LEAST:
                raise
            parts.room.overflowed(turn.model, sent, error.limit)
            turn.emit(EngineProgress(None, TOO_LONG, loading=False))
        else:
            if parts.room:
                parts.room.took(
                    turn.model, sent, reply.usage_metadata["input_tokens"] if reply.usage_metadata else None
                )
            if turn.past.summary:
                _note(turn, SUMMARISED)
            return reply
    raise AssertionError("the last attempt returns or raises")


async def _context(parts: Parts, messages: list[AnyMessage], turn: Turn, most: int | None) -> list[AnyMessage]:
    """The conversation and the turn, in no more than so many bytes."""
    context = turn.past.told(messages)
    if most is None or trim.size(context) <= most:
        return context
    if turn.past.turns:
        await _shorten(parts, turn, _too_many(turn, messages, int(most * AFTER)))
        context = turn.past.told(messages)
    if trim.size(context) > most:
        context = trim.trimmed(context, most)
        _note(turn, TRIMMED)
    return context


def _too_many(turn: Turn, messages: list[AnyMessage], most: int) -> int:
    """How many of the oldest turns have to go for the others and this turn to take no more than so many bytes."""
    left, sizes = most - trim.size(messages), [trim.size(each) for each in turn.past.turns]
    return next((count for count in range(1, len(sizes)) if sum(sizes[count:]) <= left), len(sizes))


def _note(turn: Turn, note: str) -> None:
    if note not in turn.notes:
        turn.notes.append(note)


async def _asked(parts: Parts, context: list[AnyMessage], tools: list[dict[str, Any]], turn: Turn) -> AIMessage:
    shown = [_rules(turn), *taint.fenced(context, turn.fence or turn.conversation)]
    offered: dict[str, Any] = {"tools": tools} if tools else {}
    offered |= {"model": turn.model} if turn.model else {}
    if parts.room and turn.course.seed is not None:  # a server's model draws its words
        offered["seed"] = turn.course.seed
    if parts.room and turn.course.most_tokens is not None:
        offered["max_tokens"] = turn.course.most_tokens
    offered |= {} if turn.course.watched else {"watched": False}
    offered |= {"place": turn.course.place} if turn.course.place else {}

    async def ask(messages: list[AnyMessage]) -> AIMessage:
        return await _stream(parts.engine.astream(messages, conversation=turn.conversation, **offered), turn)

    if parts.sees():
        seen = await with_pictures(shown, turn.picture)
        try:
            return await ask(seen)
        except EngineRefused as error:
            if len(seen) == len(shown) or not NO_PICTURES.search(str(error)):
                raise
            log.warning("asked again without pictures: %s", error)
    if parts.room and any(_found_pictures(message) for message in _since_question(context)):
        _note(turn, BLIND)
    return await ask(shown)


def _rules(turn: Turn) -> SystemMessage:
    wishes = turn.course.wishes
    told = f"\n\n{prompt('wishes')}\n<wishes>\n{wishes}\n</wishes>" if wishes else ""
    return SystemMessage(prompt("system") + told)


def _since_question(context: list[AnyMessage]) -> list[AnyMessage]:
    asked = max((at for at, message in enumerate(context) if isinstance(message, HumanMessage)), default=0)
    return context[asked:]


def _found_pictures(message: AnyMessage) -> bool:
    """Whether a tool was asked for pictures; passages with pictures beside them are no such thing."""
    return bool(isinstance(message, ToolMessage) and "picture" in (message.name or "") and pictures_of(message))


async def _stream(chunks: AsyncIterator[Any], turn: Turn) -> AIMessage:
    pieces: list[AIMessageChunk] = []
    async for chunk in chunks:
        if waits := chunk.response_metadata.get(PROGRESS):  # the model is not there yet
            turn.emit(EngineProgress(waits["fraction"], waits["message"], waits.get("loading", True)))
            continue
        if chunk.response_metadata.get(AGAIN):  # it begins anew, and has said nothing so far
            pieces.clear()
            continue
        pieces.append(chunk)
        if turn.course.watched and (thoughts := chunk.additional_kwargs.get(THOUGHTS)):
            turn.emit(ReasoningDelta(thoughts))
        if chunk.text and turn.course.watched:  # else a reply that breaks off can be had anew
            turn.emit(TextDelta(chunk.text))
    whole = _whole(pieces) if pieces else None
    reply = message_chunk_to_message(whole) if whole else None
    if not isinstance(reply, AIMessage):
        raise EngineRefused(EMPTY)
    reply = settled(reply)
    if isinstance(whole, AIMessageChunk) and whole.tool_call_chunks:
        reply = mended(reply, whole.tool_call_chunks, turn.tools)
    if not (reply.text.strip() or turns.has_calls(reply)):
        raise EngineRefused(ONLY_THOUGHT if thoughts_of(reply) else EMPTY)
    return reply


def _whole(pieces: list[AIMessageChunk]) -> BaseMessage:
    """Puts pieces together, all at once, as each addition goes through all that there is so far."""
    # A model that does not stream gives a message, which is whole.
    return pieces[0] + pieces[1:] if len(pieces) > 1 else pieces[0]
