"""What an output holds already: read and judged as a whole before anything of it is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.batch.rows import Row, mark_of
from assistant.errors import BatchError

# How every line begins that is written here, whichever encoder did.
BEGINNINGS = (b'{"id":', b'{"id": ')


@dataclass(slots=True)
class Earlier:
    """What an output holds.

    Attributes:
        done: The ids that are there, each with whether it is an error.
        declined: Those of them that were declined.
        asked: What tells what they had asked: see ``mark``.
        size: Bytes that its whole lines take.
    """

    done: dict[str | int, bool] = field(default_factory=dict)
    declined: set[str | int] = field(default_factory=set)
    asked: dict[str | int, str] = field(default_factory=dict)
    size: int = 0

    def add(self, row: dict[str, Any]) -> None:
        """Counts a result."""
        identity = row["id"]
        self.done[identity] = "error" in row
        self.asked[identity] = _mark(row)
        if row.get("abstained"):
            self.declined.add(identity)

    def forget(self, identity: str | int) -> None:
        """Counts a result no more."""
        self.done.pop(identity, None)
        self.asked.pop(identity, None)
        self.declined.discard(identity)

    def differing(self, rows: Sequence[Row]) -> list[Row]:
        """Returns the rows that ask something else than the results of their ids tell."""
        return [row for row in rows if row.id in self.done and not row.error and not self._same(row)]

    def _same(self, row: Row) -> bool:
        mark = self.asked[row.id]
        # Earlier versions wrote the question alone.
        return mark in ("", row.mark, mark_of(row.question))


def earlier(file: Path) -> Earlier:
    """Returns what a file of results holds; a torn last line does not count.

    Raises:
        BatchError: It cannot be read, or holds something else.
    """
    found = Earlier()
    try:
        if not file.exists():
            return found
        for line, row in lines(file):
            found.add(row)
            found.size += len(line)
    except OSError as error:
        raise BatchError(f"Cannot read {file}: {error.strerror}; choose another output.") from error
    return found


def lines(file: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yields the whole lines of a file with the results that they are.

    Raises:
        BatchError: A line is none.
        OSError: The file cannot be read.
    """
    with file.open("rb") as opened:
        for number, line in enumerate(opened, 1):
            whole = line.endswith(b"\n")
            row = result_of(line)
            if row is None and (whole or not _torn(line)):
                raise BatchError(f"{file}, line {number}, is no batch result; choose another output.")
            if row is not None and whole:
                yield line, row


def result_of(line: bytes) -> dict[str, Any] | None:
    """Returns the result that a line is; None of any other."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or type(row.get("id")) not in (int, str):
        return None
    return row if isinstance(row.get("answer"), str) or isinstance(row.get("error"), str) else None


def _torn(line: bytes) -> bool:
    """Whether a line without an end may be the beginning of a result."""
    if any(line.startswith(beginning) or beginning.startswith(line) for beginning in BEGINNINGS):
        try:
            json.loads(line)
        except ValueError:
            return True
    return False


def _mark(row: dict[str, Any]) -> str:
    if isinstance(mark := row.get("asked"), str):
        return mark
    question = row.get("question")
    return mark_of(question) if isinstance(question, str) else ""
