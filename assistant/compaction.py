"""Shortens a conversation for the model: older turns are summarised by it, the passages they cited stay as they are."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage

from assistant import taint
from assistant.engines.chunks import AGAIN, PROGRESS
from assistant.engines.reasoning import settled
from assistant.errors import EngineError
from assistant.evidence import MARKER, Evidence
from assistant.past import Past, Summary
from assistant.prompts import prompt
from assistant.state import Turn

log = logging.getLogger(__name__)

# Of a summary and of what it is made of, in characters, where nothing tells how much there is room for.
LONGEST, MOST_SOURCE, MOST_QUOTED = 3_000, 24_000, 12_000
HEAD = "What was said before, in short:"
QUOTED = "The passages that it cites, word by word:"
FORGOTTEN = "Earlier questions of this conversation, whose answers were left out:"


@dataclass(frozen=True, slots=True)
class Summariser:
    """Lets a model shorten conversations.

    Attributes:
        engine: The model.
        most: Characters that it can be shown of them; None where that is not known.
    """

    engine: BaseChatModel
    most: int | None = None

    async def shorten(self, turn: Turn, count: int) -> None:
        """Puts a summary in place of the oldest turns of a conversation.

        Where the model cannot make one, the questions alone are kept: the conversation goes on in any case.

        Args:
            turn: The turn that runs.
            count: How many turns go.
        """
        past = turn.past
        gone = past.turns[:count]
        tainted = taint.is_tainted(message for each in gone for message in each)
        tainted = tainted or bool(past.summary and past.summary.tainted)
        try:
            words = f"{HEAD}\n{await self._summary(past.summary, gone, turn)}"
        except EngineError as error:
            log.warning("a conversation could not be summarised: %s", error)
            words = f"{FORGOTTEN}\n" + "\n".join(f"- {_short(each[0].text, 200)}" for each in gone)
        quoted = self._quoted(words, past, gone, turn)
        text = f"{words}\n\n{QUOTED}\n{quoted}" if quoted else words
        covers = past.rows[count - 1]
        past.summary = Summary(taint.fence(text, "earlier turns", turn.conversation), covers, tainted)
        past.drop(count)

    async def _summary(self, before: Summary | None, gone: Sequence[Sequence[AnyMessage]], turn: Turn) -> str:
        parts = [before.text] if before else []
        parts += [line for each in gone for line in _lines(each)]
        source = _short("\n\n".join(parts), min(MOST_SOURCE, self.most or MOST_SOURCE))
        asked = [SystemMessage(prompt("summary")), HumanMessage(taint.fence(source, "conversation", turn.conversation))]
        chosen: dict[str, Any] = {"watched": False, **({"model": turn.model} if turn.model else {})}
        whole: AIMessage | None = None
        async for chunk in self.engine.astream(asked, conversation=turn.conversation, **chosen):
            if AGAIN in chunk.response_metadata:
                whole = None
            elif PROGRESS not in chunk.response_metadata:
                whole = chunk if whole is None else whole + chunk  # type: ignore[assignment]
        text = str(settled(whole).text).strip() if whole else ""
        if not text:
            raise EngineError("the model gave no summary")
        return _short(text, min(LONGEST, (self.most or 8 * LONGEST) // 8))

    def _quoted(self, words: str, past: Past, gone: Sequence[Sequence[AnyMessage]], turn: Turn) -> str:
        """The passages that the turns cited, those cited last first, as many as there is room for."""
        said = [str(message.text) for each in gone for message in each if isinstance(message, AIMessage)]
        earlier = [past.summary.text] if past.summary else []
        found = [each for text in [*earlier, words, *said] for each in MARKER.findall(text)]
        numbers = [int(n) for each in found for n in re.findall(r"\d+", each)]
        room, lines = min(MOST_QUOTED, (self.most or 4 * MOST_QUOTED) // 4), list[str]()
        for n in dict.fromkeys(reversed(numbers)):
            item = turn.ledger.get(n)
            line = _line(item) if item else ""
            if item and len(line) <= room:
                room -= len(line)
                lines.append(line)
        return "\n".join(reversed(lines))


def _line(item: Evidence) -> str:
    page = f", page {item.page}" if item.page else ""
    return f"[{item.n}] {item.title}{page}: “{item.text}”"


def _lines(messages: Sequence[AnyMessage]) -> list[str]:
    """A turn as it was said, without its tools' results."""
    lines = []
    for message in messages:
        if isinstance(message, HumanMessage):
            lines.append(f"Person: {message.text}")
        elif isinstance(message, AIMessage) and str(message.text).strip():
            lines.append(f"Assistant: {message.text}")
    return lines


def _short(text: str, most: int) -> str:
    """A text without its middle where it is too long."""
    return text if len(text) <= most else f"{text[: most // 2]} […] {text[-most // 2 :]}"
