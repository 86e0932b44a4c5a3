"""What a row asks for: its columns, checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assistant.batch.source import Raw
from assistant.batch.tables import MOST_DIGITS

# The columns of a result that were asked for.
GIVEN = ("id", "question", "library", "files", "tools")
# Those that a result may have besides; a column of the input with such a name gets ``input_`` before it.
RESULTS = frozenset(
    "id question asked answer error error_kind citations tool_calls artifacts confidence abstained engine seconds "
    "unsupported reasons why usage notes reasoning about_itself seed replies".split()
)
INPUT = "input_"
MARK = re.compile(r"[0-9a-f]{16}")
MOST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Row:
    """One question.

    Attributes:
        id: As given; its number where it has none.
        question: What to ask.
        library: Which library it is about; None is the usual one.
        files: Documents that it is about, and nothing else; they are read for this row.
        tools: The tools that it may use; None is all.
        engine: Who answers: ``builtin`` or a name in the settings' ``engines``; None is the usual one.
        seed: What chance begins with; None takes what is made of the batch's seed and the id.
        extra: The columns that come back, by the names that they have in the result: all but id and question.
        error: Why it cannot be asked; empty where it can.
    """

    id: str | int
    question: str = ""
    library: str | None = None
    files: tuple[Path, ...] = ()
    tools: tuple[str, ...] | None = None
    engine: str | None = None
    seed: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def mark(self) -> str:
        """What tells it from a row that asks something else."""
        files = [str(file) for file in self.files]
        return mark_of(self.question, self.library, files, self.tools, self.engine, self.seed)


class _Wrong(Exception):
    """A column does not hold what it should; the text says which."""


def rows(found: Iterable[Raw]) -> Iterator[Row]:
    """Yields the rows that were read; ids that were used before and columns that cannot be make error rows."""
    raws = list(found)
    # A row without id gets its number, unless another row has that for its id.
    taken = {raw.value["id"] for raw in raws if isinstance(raw.value.get("id"), str | int)}
    seen: set[str | int] = set()
    for raw in raws:
        row = Row(raw.place, error=raw.error, extra=_extra(raw.value)) if raw.error else _row(raw, taken)
        if row.id in seen:
            extra = {**row.extra, f"{INPUT}id": row.id}
            told = f"{raw.place}: the id {row.id!r} was used before; ids must differ"
            row = Row(raw.place, row.question, extra=extra, error=told)
        seen.add(row.id)
        yield row


def mark_of(question: str, *how: Any) -> str:
    """Returns a short hash of a question and how it is asked."""
    return hashlib.sha256(json.dumps([question, *how]).encode()).hexdigest()[:16]


def row_of(result: Mapping[str, Any]) -> Row:
    """Returns what a result's row had asked for."""
    given = {key.removeprefix(INPUT): one for key, one in result.items() if key in (f"{INPUT}engine", *GIVEN)}
    return replace(_row(Raw(f"row {result['id']!r}", 0, given), set()), extra={})


def _row(raw: Raw, taken: set[str | int]) -> Row:
    value, extra = raw.value, _extra(raw.value)
    if _is_result(value):  # who answered, and by what chance, is not what this row asks for
        value = {key: one for key, one in value.items() if key not in ("engine", "seed")}
    identity = value.get("id", raw.place if raw.number in taken else raw.number)
    if type(identity) is float and identity.is_integer():  # as tables have whole numbers where some are missing
        identity = int(identity)
    if not isinstance(identity, str | int) or isinstance(identity, bool):
        question = value.get("question")
        told = f"{raw.place}: id must be a text or a whole number"
        extra = {**extra, f"{INPUT}id": identity}
        return Row(raw.place, question if isinstance(question, str) else "", extra=extra, error=told)
    try:
        return Row(
            identity,
            _question(value, raw.place),
            _text(value, "library", raw.place),
            tuple(Path(file).expanduser() for file in _list(value, "files", raw.place) or ()),
            _list(value, "tools", raw.place),
            _text(value, "engine", raw.place),
            _seed(value, raw.place),
            extra,
        )
    except _Wrong as error:
        question = value.get("question")
        return Row(identity, question if isinstance(question, str) else "", extra=extra, error=str(error))


def _extra(value: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that come back, none with a result's name, whatever the result will be."""
    return {_called(key): one for key, one in value.items() if key not in ("id", "question")}


def _called(column: str) -> str:
    plain = column
    while plain.startswith(INPUT):
        plain = plain.removeprefix(INPUT)
    return INPUT + column if plain in RESULTS else column


def _is_result(value: Mapping[str, Any]) -> bool:
    """Whether a row is the result of a batch."""
    mark = value.get("asked")
    return isinstance(mark, str) and bool(MARK.fullmatch(mark)) and ("answer" in value or "error" in value)


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


def _seed(value: Mapping[str, Any], place: str) -> int | None:
    """A whole number; tables make texts and fractions of them."""
    found = value.get("seed")
    if isinstance(found, str):
        found = int(found) if found.isdecimal() and len(found) <= MOST_DIGITS else found
    elif isinstance(found, float) and found.is_integer():
        found = int(found)
    if found is not None and (type(found) is not int or not 0 <= found <= MOST_SEED):
        raise _Wrong(f"{place}: seed must be a whole number from 0 to {MOST_SEED}")
    return found


def _list(value: Mapping[str, Any], name: str, place: str) -> tuple[str, ...] | None:
    """A list of texts; in a table, a text with commas or semicolons between them."""
    found = value.get(name)
    if isinstance(found, str) and found.startswith("["):  # as our own tables have lists
        with suppress(ValueError):
            found = json.loads(found)
    if isinstance(found, str):
        return tuple(part.strip() for part in re.split(r"[,;]", found) if part.strip())
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise _Wrong(f"{place}: {name} must be a list of texts")
    return tuple(found)
