"""The output of a batch: a line of JSON for each row, committed as the row ends; Parquet is made of the lines."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from assistant.batch.tables import NO_PARQUET
from assistant.errors import BatchError

PARQUET = ".parquet"
# A killed process loses nothing that was written; so many seconds of it a machine that loses power may.
SECONDS_TO_DISK = 1.0


class Output:
    """Where results go.

    Results are appended to a JSONL file. Where Parquet is wanted that file lies beside it, ending in ``.rows.jsonl``,
    and stays, so that a batch goes on where it stopped.

    Attributes:
        path: As it was asked for.
        lines: Where the rows are.
        files: The folder for the files that tools make.
        done: The ids that are there, each with whether it is an error.

    Args:
        path: As it was asked for.

    Raises:
        BatchError: It cannot be read or written, or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parquet = path.suffix.lower() == PARQUET
        self.lines = lines_of(path)
        self.files = path.with_name(f"{path.name}.files")
        if self._parquet:
            _need_parquet()
        self._file: io.FileIO | None = None
        self._synced = 0.0
        self.done = _done(self.lines)

    def __enter__(self) -> Self:
        try:
            self._file = self.lines.open("ab", buffering=0)  # so that nothing is left that cannot be written
        except OSError as error:
            raise BatchError(f"Cannot write {self.path}: {error.strerror}; choose another output.") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def forget_errors(self) -> None:
        """Takes the error rows out, so that they are asked again."""
        self.forget({key for key, failed in self.done.items() if failed})

    def forget(self, ids: Collection[str | int]) -> None:
        """Takes rows out, in one move; before it is opened.

        Raises:
            BatchError: It cannot be written; nothing was changed.
        """
        if not ids:
            return
        kept = self.lines.with_name(f".{self.lines.name}.kept")
        try:
            with kept.open("wb") as file:
                for line, row in _lines(self.lines):
                    if row["id"] not in ids:
                        file.write(line)
                file.flush()
                os.fsync(file.fileno())
            kept.replace(self.lines)
        except OSError as error:
            kept.unlink(missing_ok=True)
            raise BatchError(f"Cannot write {self.lines}: {error.strerror}; nothing was changed.") from error
        self.done = {key: failed for key, failed in self.done.items() if key not in ids}

    def take(self, lines: Iterable[bytes]) -> None:
        """Appends results that another machine has written; before it is opened.

        Raises:
            BatchError: It cannot be written; the rows that were stay.
        """
        try:
            with self.lines.open("ab") as file:
                for line in lines:
                    file.write(line)
                    row = json.loads(line)
                    self.done[row["id"]] = "error" in row
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise BatchError(f"Cannot write {self.path}: {error.strerror}; choose another output.") from error

    def write(self, row: Mapping[str, Any]) -> None:
        """Commits one result.

        Raises:
            BatchError: The disk takes no more; what was written before stays.
        """
        assert self._file is not None
        try:
            _append(self._file, _encoded(row) + b"\n")
            if time.monotonic() - self._synced > SECONDS_TO_DISK:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise BatchError(
                f"Cannot write {self.lines}: {error.strerror}. Make room and start the batch again: it goes on here."
            ) from error
        self.done[row["id"]] = "error" in row

    def finish(self) -> None:
        """Makes the Parquet file where one is wanted, in one move."""
        if self._parquet:
            _to_parquet(self.lines, self.path)


def _append(file: io.FileIO, line: bytes) -> None:
    """Writes a line as a whole, or nothing of it."""
    end, rest = os.fstat(file.fileno()).st_size, memoryview(line)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        with suppress(OSError):
            os.ftruncate(file.fileno(), end)
        raise


def lines_of(path: Path) -> Path:
    """Returns where the rows of an output lie."""
    return path.with_name(f"{path.name}.rows.jsonl") if path.suffix.lower() == PARQUET else path


def results(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the rows of an output.

    Raises:
        BatchError: It cannot be read, or holds something else.
    """
    lines = lines_of(path)
    try:
        yield from (row for _, row in _lines(lines))
    except OSError as error:
        raise BatchError(f"Cannot read {lines}: {error.strerror}.") from error


def _done(lines: Path) -> dict[str | int, bool]:
    """Returns the ids that a file holds, each with whether it is an error, and cuts off a torn last line."""
    if not lines.exists():
        return {}
    try:
        _cut(lines)
        return {row["id"]: "error" in row for _, row in _lines(lines)}
    except OSError as error:
        raise BatchError(f"Cannot read {lines}: {error.strerror}; choose another output.") from error


def _cut(lines: Path) -> None:
    """Cuts off what stands behind the last line's end."""
    size = lines.stat().st_size
    with lines.open("rb") as file:
        whole, step = size, 65_536
        while whole > 0:
            start = max(0, whole - step)
            file.seek(start)
            if (at := file.read(whole - start).rfind(b"\n")) >= 0:
                whole = start + at + 1
                break
            whole = start
    if whole < size:
        os.truncate(lines, whole)


def _lines(file: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                hash(row["id"])
            except (ValueError, LookupError, TypeError):
                raise BatchError(f"{file}, line {number}, is no batch result; choose another output.") from None
            yield line, row


def _encoded(row: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(row)
    except TypeError:  # half a character, or a number of more than 64 bits
        return json.dumps(row).encode()


def _need_parquet() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise BatchError(NO_PARQUET) from None


def _to_parquet(lines: Path, target: Path) -> None:
    """Columns that hold lists or objects are written as JSON, since their fields differ from row to row."""
    import pandas as pd

    table = pd.DataFrame([{key: _cell(value) for key, value in row.items()} for _, row in _lines(lines)])
    for name in table.columns:
        given = table[name].dropna()
        if given.map(type).nunique() > 1:
            table[name] = given.map(str)
    made = target.with_name(f".{target.name}.new")
    try:
        table.to_parquet(made, index=False)
        made.replace(target)
    except OSError as error:
        made.unlink(missing_ok=True)
        raise BatchError(f"Cannot write {target}: {error.strerror}; the rows are in {lines}.") from error


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
