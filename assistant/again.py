"""Asking a question again that the engine left unanswered: what had been done by then is not done twice."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from langchain_core.messages import AnyMessage

from assistant.approval import Rule
from assistant.conversations import Begun, Conversations
from assistant.endings import CONTINUED, message
from assistant.errors import AssistantError
from assistant.events import Event, Failed, ToolFinished, ToolStarted
from assistant.memory import Memory
from assistant.state import tool_calls

if TYPE_CHECKING:
    from assistant.session import Assistant


async def retry(
    assistant: Assistant, conversation: str, owner: str, rules: Sequence[Rule] = ()
) -> AsyncGenerator[Event, None]:
    """Asks the last question of a conversation once more, which was not answered; goes on where that had come to.

    Args:
        assistant: Who is asked.
        conversation: Which one.
        owner: Whose it is.
        rules: Which calls are approved or refused.

    Yields:
        Events as ``Assistant.stream`` does.
    """
    try:
        turns = await assistant.conversations.turns(conversation, owner)
    except (AssistantError, sqlite3.Error) as error:
        yield Failed(message(error), conversation, type(error).__name__)
        return
    if not turns or turns[-1].state not in ("failed", "running"):
        yield Failed("The last question was answered; ask another one.", conversation, "BadQuestion")
        return
    last = turns[-1]
    async with aclosing(assistant.stream(last.question, conversation, owner, rules, instead_of=last.id)) as events:
        async for event in events:
            yield event


async def taken_up(
    conversations: Conversations, memory: Memory, begun: Begun, question: str, instead_of: int | None
) -> list[AnyMessage]:
    """Returns what a turn had come to that was broken off, where the same is asked in its place; else nothing.

    Args:
        conversations: The log.
        memory: Knows the turn's messages.
        begun: The turn that takes its place.
        question: What that asks.
        instead_of: Row of the one that was broken off.
    """
    if instead_of is None:
        return []
    (old,) = await conversations.rows([instead_of])
    kind = "CutOff" if old.state == "running" else (old.result or {}).get("kind")
    if old.question != question or kind not in CONTINUED:
        return []
    return await memory.unfinished(begun.conversation, instead_of)


def replayed(done: Sequence[AnyMessage]) -> list[Event]:
    """Returns the events of calls that a turn need not make again."""
    events: list[Event] = []
    for call in tool_calls(done):
        events += [ToolStarted(call.id, call.name, call.arguments), ToolFinished(call)]
    return events
