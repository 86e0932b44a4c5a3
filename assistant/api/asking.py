"""A question in either of OpenAI's forms: what it may hold, and the turn that answers it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Literal

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field

from assistant.api.access import needs
from assistant.api.documents import DOCUMENTS, Document, attached
from assistant.api.errors import ApiError
from assistant.api.keys import Key
from assistant.approval import refusals
from assistant.events import ApprovalNeeded, Event
from assistant.session import Assistant

MODEL = "assistant"
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
    content: str | list[Part] | None = None

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


class Asked(BaseModel):
    """What chat completions and responses take alike; ``library`` and ``approval`` are ours."""

    model_config = ConfigDict(extra="forbid")
    model: str = MODEL
    stream: bool = False
    library: str | None = Field(None, description="Which library a new conversation is about.")
    approval: Literal["refuse", "ask"] = Field(
        "refuse", description="What becomes of calls that need approval: they are refused, or the turn waits."
    )
    temperature: float | None = None
    top_p: float | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    user: str | None = None


async def turn_of(
    assistant: Assistant, owner: str, asked: Asked, messages: Sequence[Message], conversation: str | None
) -> AsyncGenerator[Event, None]:
    """Returns the events of the turn that answers a request.

    Args:
        assistant: Who answers.
        owner: Who asks.
        asked: The request.
        messages: Its messages; the last is the question.
        conversation: Which goes on; the messages before the last are then not read. None begins one.

    Raises:
        ApiError: It is no question, or a document of it cannot be used.
        AssistantError: It cannot be asked.
    """
    question, earlier = question_of(messages)
    adapter = await adapter_of(assistant, asked.model)
    read = messages[-1:] if conversation else messages
    history = () if conversation else earlier
    if documents := [each for message in read for each in message.documents]:
        conversation, question = await attached(assistant, owner, question, documents, conversation, asked.library)
    events = assistant.stream(question, conversation, owner, library=asked.library, history=history, adapter=adapter)
    return refusing(assistant, events, owner) if asked.approval == "refuse" else events


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
    assistant: Assistant, events: AsyncGenerator[Event, None], owner: str
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
        events = assistant.resume(waiting.conversation, refusals(waiting.requests), owner)
