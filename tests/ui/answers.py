"""Answers and citations for the tests of the page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from assistant.events import Answer, Citation, ToolCall

CITATION = Citation(1, "/docs/handbook.pdf", "Handbook", 4, "three months", 10, 22, 7)
CALL = ToolCall("c1", "calculator", {"expression": "1+1"}, "2", True, 0.1234)
ANSWER = Answer(
    text="It is three months [1].",
    citations=(CITATION,),
    unsupported=(),
    tool_calls=(CALL,),
    artifacts=(),
    confidence=0.82,
    abstained=False,
    engine="built-in engine",
    conversation="abc",
    seconds=1.26,
)


def answer(text: str = ANSWER.text, **changes: Any) -> Answer:
    return replace(ANSWER, text=text, **changes)
