"""What the log of conversations tells of a turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from assistant.settings import DEFAULT_LIBRARY

TurnState = Literal["running", "waiting", "answered", "failed"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with what became of it.

    Attributes:
        id: Its row.
        question: As it was asked.
        state: ``running`` also stands for a turn that was stopped or cut off; ``waiting`` is for approval.
        result: The answer as ``Answer.to_json`` gives it, or ``{"error": …}``, or ``{"requests": […]}`` while waiting;
            while running what has been shown so far, or None.
        versions: Rows of the turns that begin here, this one among them: other wordings of the question, and other
            answers to it.
    """

    id: int
    question: str
    state: TurnState
    result: dict[str, Any] | None
    versions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Illustrated:
    """An answer that may show pictures.

    Attributes:
        turn: Its row.
        conversation: The conversation's id.
        title: The conversation's title.
        library: Which library the conversation is about.
        asked: UTC time in ISO 8601.
        result: The answer as ``Answer.to_json`` gives it.
    """

    turn: int
    conversation: str
    title: str
    library: str
    asked: str
    result: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Begun:
    """A turn that was written down and is about to run.

    Attributes:
        conversation: The conversation's id.
        turn: The turn's row.
        previous: Row of the turn that it follows, None for the first.
        library: Which library the conversation is about.
        path: Rows of the turns that lead to it, the first one first.
        new: Whether the conversation began with it, so that nothing else of it can be there.
    """

    conversation: str
    turn: int
    previous: int | None
    library: str = DEFAULT_LIBRARY
    path: tuple[int, ...] = ()
    new: bool = False
