"""A question in either of OpenAI's forms: what it may hold, and the turn that answers it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field

from assistant.api.access import needs
from assistant.api.documents import DOCUMENTS, Document, attached
from assistant.api.errors import ApiError
from assistant.api.fields import Harmless
from assistant.api.keys import Key
from assistant.approval import refusals
from assistant.course import Course
from assistant.errors import AssistantError
from assistant.events import ApprovalNeeded, Began, Event
from assistant.session import Assistant

log = logging.getLogger(__name__)

MODEL = "assistant"
MOST_MESSAGES = 10_000
# Who speaks for the program rather than for the person.
PROGRAMS = ("system", "developer")
# The types of parts in the older and in the newer form; what an assistant said comes back as the last of them.
TEXTS = ("text", "input_text", "output_text")
Asking = Annotated[Key, Depends(needs("ask"))]


class Part(Document):
    """A part of a message's content: a text, or a document in OpenAI's newer form or, as ``file``, in the older one."""

    type: str
    text: str | None = None
    file: Document | None = None


class Message(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(extra="ignore")
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | Annotated[list[Part], Field(max_length=MOST_MESSAGES)] | None = None

    @property
    def text(self) -> str:
        """Its words.

        Raises:
            ApiError: It holds something that cannot be taken.
        """
        if isinstance(self.content, list):
            if other := next((part.type for part in self.content if part.type not in (*TEXTS, *DOCUMENTS)), None):
                raise ApiError(400, f"Messages take texts and files, not parts of type {other!r}.", "messages")
            return "\n".join(part.text or "" for part in self.content if part.type in TEXTS)
        return self.content or ""

    @property
    def documents(self) -> list[Document]:
        """The documents that it brings."""
        parts = self.content if isinstance(self.content, list) else []
        return [part.file or part for part in parts if part.type in DOCUMENTS]


class Asked(Harmless):
    """What chat completions and responses take alike; ``library``, ``approval`` and ``conversation`` are ours."""

    model: str = MODEL
    stream: bool = False
    library: str | None = Field(None, description="Which library a new conversation is about.")
    approval: Literal["refuse", "ask"] = Field(
        "refuse", description="What becomes of calls that need approval: they are refused, or the turn waits."
    )
    conversation: str | None = Field(None, description="Goes on with this one; the messages before are then not read.")
    temperature: float | None = None
    top_p: float | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = Field(None, description="With false a conversation that is begun is deleted at the end.")
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question is asked.

    Attributes:
        conversation: Which one goes on; None begins one.
        instead_of: Row of the turn beside which it branches off; None goes on at the end.
    """

    conversation: str | None = None
    instead_of: int | None = None


async def turn_of(
    assistant: Assistant, owner: str, asked: Asked, messages: Sequence[Message], course: Course, at: Place
) -> AsyncGenerator[Event, None]:
    """Returns the events of the turn that answers a request.

    Args:
        assistant: Who answers.
        owner: Who asks.
        asked: The request.
        messages: Its messages; the last is the question, and those of the program say how it is to be answered.
        course: How it is to go besides; receives what the model says.
        at: Where it is asked. In a conversation that goes on the messages before the last are not read.

    Raises:
        ApiError: It is no question, or a document of it cannot be used.
        AssistantError: It cannot be asked.
    """
    question, earlier = question_of(messages)
    said = [course.wishes, *(each.text for each in messages if each.role in PROGRAMS)]
    course.wishes = _wishes(said, assistant.settings.agent.max_question_characters)
    adapter, conversation = await adapter_of(assistant, asked.model), at.conversation
    read = messages[-1:] if conversation else messages
    history = () if conversation else earlier
    if documents := [each for message in read for each in message.documents]:
        conversation, question = await attached(assistant, owner, question, documents, conversation, asked.library)
    events = assistant.stream(
        question,
        conversation,
        owner,
        library=asked.library,
        instead_of=at.instead_of,
        history=history,
        adapter=adapter,
        course=course,
    )
    if asked.approval == "refuse":
        events = refusing(assistant, events, owner, course)
    begun = at.conversation is None
    return fleeting(assistant, events, owner) if asked.store is False and begun else events


def _wishes(said: Sequence[str], longest: int) -> str:
    wishes = "\n\n".join(each.strip() for each in said if each.strip())
    if len(wishes) > longest:
        line = f"System messages and instructions may have {longest:,} characters; these have {len(wishes):,}."
        raise ApiError(400, line, "messages")
    return wishes


async def adapter_of(assistant: Assistant, model: str) -> str | None:
    """Returns the adapter that a request names as its model; None where it names anything else."""
    return model if model in await assistant.engine.adapters() else None


def question_of(messages: Sequence[Message]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Returns the question, and the questions and answers before it.

    Raises:
        ApiError: The last message is not a person's.
    """
    said = [message for message in messages if message.role in ("user", "assistant")]
    if not said or said[-1].role != "user":
        raise ApiError(400, "The last message must be the user's.", "messages")
    pairs: list[tuple[str, str]] = []
    for message in said[:-1]:
        if message.role == "user":
            pairs.append((message.text, ""))
        elif pairs:
            pairs[-1] = (pairs[-1][0], f"{pairs[-1][1]}\n\n{message.text}".strip())
    return said[-1].text, tuple(pairs)


async def refusing(
    assistant: Assistant, events: AsyncGenerator[Event, None], owner: str, course: Course
) -> AsyncGenerator[Event, None]:
    """The events of a turn in which whatever needs approval is refused."""
    while True:
        waiting: ApprovalNeeded | None = None
        async with aclosing(events):
            async for event in events:
                if isinstance(event, ApprovalNeeded):
                    waiting = event
                else:
                    yield event
        if waiting is None:
            return
        events = assistant.resume(waiting.conversation, refusals(waiting.requests), owner, course=course)


async def fleeting(
    assistant: Assistant, events: AsyncGenerator[Event, None], owner: str
) -> AsyncGenerator[Event, None]:
    """The events of a turn whose conversation is deleted at its end, unless it waits for approval."""
    conversation = ""
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Began):
                    conversation = event.conversation
                elif isinstance(event, ApprovalNeeded):
                    conversation = ""
                yield event
    finally:
        if conversation:
            await asyncio.shield(_dropped(assistant, conversation, owner))


async def _dropped(assistant: Assistant, conversation: str, owner: str) -> None:
    try:
        await assistant.delete(conversation, owner)
    except AssistantError:
        log.warning("conversation %s stays", conversation, exc_info=True)
