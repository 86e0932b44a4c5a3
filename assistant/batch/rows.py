"""What a row asks for: its columns, checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.batch.source import Raw

# Columns with a meaning; all others come back in the output as they are.
KNOWN = ("id", "question", "library", "files", "tools")


@dataclass(frozen=True, slots=True)
class Row:
    """One question.

    Attributes:
        id: As given; its number where it has none.
        question: What to ask.
        library: Which library it is about; None is the usual one.
        files: Documents that it is about, and nothing else; they are read for this row.
        tools: The tools that it may use; None is all.
        extra: The other columns.
        error: Why it cannot be asked; empty where it can.
    """

    id: str | int
    question: str = ""
    library: str | None = None
    files: tuple[Path, ...] = ()
    tools: tuple[str, ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


class _Wrong(Exception):
    """A column does not hold what it should; the text says which."""


def rows(found: Iterable[Raw]) -> Iterator[Row]:
    """Yields the rows that were read; ids that were used before and columns that cannot be make error rows."""
    raws = list(found)
    # A row without id gets its number, unless another row has that for its id.
    taken = {raw.value["id"] for raw in raws if isinstance(raw.value.get("id"), str | int)}
    seen: set[str | int] = set()
    for raw in raws:
        row = Row(raw.place, error=raw.error) if raw.error else _row(raw, taken)
        if row.id in seen:
            row = Row(raw.place, error=f"{raw.place}: the id {row.id!r} was used before; ids must differ")
        seen.add(row.id)
        yield row


def _row(raw: Raw, taken: set[str | int]) -> Row:
    value = raw.value
    identity = value.get("id", raw.place if raw.number in taken else raw.number)
    if not isinstance(identity, str | int):
        return Row(raw.place, error=f"{raw.place}: id must be a text or a whole number")
    extra = {key: one for key, one in value.items() if key not in KNOWN}
    try:
        return Row(
            identity,
            _question(value, raw.place),
            _text(value, "library", raw.place),
            tuple(Path(file).expanduser() for file in _list(value, "files", raw.place) or ()),
            _list(value, "tools", raw.place),
            extra,
        )
    except _Wrong as error:
        return Row(identity, extra=extra, error=str(error))


def _question(value: Mapping[str, Any], place: str) -> str:
    question = value.get("question")
    if not isinstance(question, str):
        raise _Wrong(f"{place} has no text under 'question'")
    return question


def _text(value: Mapping[str, Any], name: str, place: str) -> str | None:
    found = value.get(name)
    if found is not None and not isinstance(found, str):
        raise _Wrong(f"{place}: {name} must be a text")
    return found or None


def _list(value: Mapping[str, Any], name: str, place: str) -> tuple[str, ...] | None:
    """A list of texts; in a table, a text with commas or semicolons between them."""
    found = value.get(name)
    if isinstance(found, str):
        return tuple(part.strip() for part in re.split(r"[,;]", found) if part.strip())
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise _Wrong(f"{place}: {name} must be a list of texts")
    return tuple(found)
