"""Reads a turn's messages: what was asked for before, which calls are finished, and the numbers that they found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from assistant.engines.builtin.parameters import stems, words_of
from assistant.engines.builtin.steps import Ask
from assistant.engines.builtin.values import Found, find

# Signs and names of money, which the calculator does not convert and reads as plain numbers.
MONEY = {"$", "€", "£", "¥", "euro", "euros", "dollar", "dollars", "pound", "pounds", "eur", "usd", "gbp", "chf"}
YEARS = range(1500, 2200)


def finished(messages: Sequence[BaseMessage]) -> list[ToolMessage]:
    """Returns the results of this turn, in order."""
    return [message for message in messages[asked_at(messages) :] if isinstance(message, ToolMessage)]


def asked_for(messages: Sequence[BaseMessage]) -> Ask | None:
    """Returns what the reply before this turn asked for, None where it asked for nothing."""
    at = asked_at(messages)
    last = next((message for message in reversed(messages[:at]) if isinstance(message, AIMessage)), None)
    asked = last.response_metadata.get("asked_for") if last else None
    return Ask(asked["tool"], asked["arguments"], asked["text"]) if asked else None


def before(messages: Sequence[BaseMessage], message: ToolMessage) -> list[BaseMessage]:
    """Returns what came before a result, other results of this turn left out."""
    kept = list(messages[: next(at for at, one in enumerate(messages) if one is message)])
    asked = asked_at(messages)
    return [one for at, one in enumerate(kept) if at < asked or not isinstance(one, ToolMessage)]


def query_of(message: ToolMessage, messages: Sequence[BaseMessage]) -> str:
    """Returns what a search looked for, or the question where it was no search."""
    calls = [call for one in messages if isinstance(one, AIMessage) for call in one.tool_calls]
    own = next((call["args"] for call in calls if call["id"] == message.tool_call_id), {})
    return str(own.get("query") or messages[asked_at(messages)].text)


def number_of(result: Any) -> str | None:
    """Returns the number in a tool's result, None where there is none."""
    if isinstance(result, dict):
        result = result.get("exact") or result.get("value")
    if isinstance(result, bool) or not isinstance(result, int | float | str):
        return None
    return str(result) if isinstance(result, int | float) or str(result).strip() else None


def number_in(question: str, sentence: str, answer: str | None) -> str | None:
    """Returns the number in a sentence that answers a question, with its unit, None where there is none.

    Args:
        question: What was asked.
        sentence: The sentence that answers it.
        answer: The part of it that is the answer, where that is known.
    """
    numbers = _numbers(answer or "") or _numbers(sentence)
    if not numbers:
        return None
    asked = stems(words_of(question))
    best = max(numbers, key=lambda one: len(asked & stems(words_of(sentence[max(0, one.start - 40) : one.end + 25]))))
    plain = not best.unit or best.unit.lower() in MONEY or best.form != "number"
    return str(best.value) if plain else f"{best.value} {best.unit}"


def _numbers(text: str) -> list[Found]:
    """Numbers; those that are rather years only where there are no others."""
    found = [one for one in find(text) if one.form == "number"]
    return [one for one in found if one.value not in YEARS or one.unit] or found


def asked_at(messages: Sequence[BaseMessage]) -> int:
    """Returns where the question of this turn stands."""
    return max(at for at, message in enumerate(messages) if isinstance(message, HumanMessage))
