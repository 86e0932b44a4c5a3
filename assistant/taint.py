"""Foreign text: where it has come into a conversation, and how the model is shown that it is data.

What documents, the web and tools say may hold words that were put there to steer the model (indirect prompt injection:
Greshake et al., 2023, https://arxiv.org/abs/2302.12173). It is fenced off in the prompt, which helps a model that
listens, and every reply that was given in its presence is marked, so that ``assistant.approval`` need not trust the
model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

MARK = "foreign_text"


def is_tainted(messages: Iterable[AnyMessage]) -> bool:
    """Whether foreign text stands in any of the messages, or an earlier reply was given in its presence."""
    return any(_is_foreign(message) for message in messages)


def mark(reply: AIMessage) -> AIMessage:
    """Marks a reply as given in the presence of foreign text, whose words it may repeat when that has been cut away."""
    return reply.model_copy(update={"additional_kwargs": {**reply.additional_kwargs, MARK: True}})


def fenced(messages: Sequence[AnyMessage], conversation: str) -> list[AnyMessage]:
    """Returns the messages as the model is shown them: each foreign text within a fence that it cannot close.

    The fence's name is made of the conversation's id, which no document knows. It is the same at every turn, so that
    a server can go on using what it has in its prefix cache.

    Args:
        messages: As they are kept; the raw result stays with the shown one as its ``artifact``.
        conversation: The conversation's id.
    """
    name = _name(conversation)
    return [_fence(message, name) if isinstance(message, ToolMessage) else message for message in messages]


def _fence(message: ToolMessage, name: str) -> ToolMessage:
    if not _is_foreign(message):
        return message
    text = _within(name, str(message.text), message.name)
    return message.model_copy(update={"content": text, "artifact": message.text})


def fence(text: str, source: str, conversation: str) -> str:
    """Returns a text within the conversation's fence.

    Args:
        text: What is data and no instruction.
        source: What it comes from.
        conversation: The conversation's id.
    """
    return _within(_name(conversation), text, source)


def _name(conversation: str) -> str:
    return f"data-{hashlib.sha256(conversation.encode()).hexdigest()[:12]}"


def _within(name: str, text: str, source: str | None) -> str:
    return f'<{name} from="{source}">\n{text}\n</{name}>'


def raw(message: ToolMessage) -> str:
    """Returns what a tool returned, without the fence."""
    return message.artifact if isinstance(message.artifact, str) else message.text


def _is_foreign(message: AnyMessage) -> bool:
    if isinstance(message, ToolMessage):
        return not message.additional_kwargs.get("trusted", False)
    return bool(message.additional_kwargs.get(MARK))
