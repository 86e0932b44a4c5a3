"""The output of a batch: a line of JSON for each row, committed as the row ends; Parquet is made of the lines."""

from __future__ import annotations

import io
import json
import logging
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from assistant.batch.columns import need_parquet, to_parquet
from assistant.batch.earlier import Earlier, earlier, lines, result_of
from assistant.batch.source import STANDARD_INPUT
from assistant.errors import BatchError

log = logging.getLogger(__name__)

PARQUET = ".parquet"
TABLES = (".csv", ".tsv", ".xlsx")
# A killed process loses nothing that was written; so many seconds of it a machine that loses power may.
SECONDS_TO_DISK = 1.0


class Output:
    """Where results go; nothing is changed before it is entered, and then nobody else can write there.

    Results are appended to a JSONL file. Where Parquet is wanted that file lies beside it, ending in ``.rows.jsonl``,
    and stays, so that a batch goes on where it stopped.

    Attributes:
        path: As it was asked for.
        lines: Where the rows are.
        files: The folder for the files that tools make.
        held: What is there.

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
        if path.suffix.lower() in TABLES or path == STANDARD_INPUT:
            raise BatchError(f"The output is JSONL, or Parquet where its name ends in {PARQUET}; {path} cannot be one.")
        if self._parquet:
            need_parquet()
        self._file: io.FileIO | None = None
        self._synced = 0.0
        self.held = self._looked()

    @property
    def done(self) -> dict[str | int, bool]:
        """The ids that are there, each with whether it is an error."""
        return self.held.done

    def __enter__(self) -> Self:
        try:
            self._file = self._locked(self.lines)
            if self._seen != _stamp(self.lines):  # another batch has gone on until just now
                self.held = self._looked()
            os.truncate(self._file.fileno(), self.held.size)
        except BaseException as error:
            self.__exit__(None, None, None)
            if isinstance(error, OSError):
                raise BatchError(f"Cannot write {self.path}: {error.strerror}; choose another output.") from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def forget(self, ids: Collection[str | int]) -> None:
        """Takes rows out, so that they are asked again, in one move.

        Raises:
            BatchError: It cannot be written; nothing was changed.
        """
        if not ids:
            return
        kept = self.lines.with_name(f".{self.lines.name}.kept")
        try:
            with kept.open("wb") as file:
                for line, row in lines(self.lines):
                    if row["id"] not in ids:
                        file.write(line)
                file.flush()
                os.fsync(file.fileno())
            opened = self._locked(kept)
            kept.replace(self.lines)
        except OSError as error:
            kept.unlink(missing_ok=True)
            raise BatchError(f"Cannot write {self.lines}: {error.strerror}; nothing was changed.") from error
        self.__exit__(None, None, None)
        self._file = opened
        for identity in ids:
            self.held.forget(identity)

    def take(self, results: Iterable[bytes]) -> None:
        """Appends results that another machine has written.

        Raises:
            BatchError: It cannot be written; the rows that were stay.
        """
        try:
            with self.lines.open("ab") as file:
                for line in results:
                    if (row := result_of(line)) is not None:
                        file.write(line)
                        self.held.add(row)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise BatchError(f"Cannot write {self.path}: {error.strerror}; choose another output.") from error

    def write(self, row: dict[str, Any]) -> None:
        """Commits one result; one that no file can hold is made an error first.

        Raises:
            BatchError: The disk takes no more; what was written before stays.
        """
        assert self._file is not None
        try:
            line = encoded(row)
        except (TypeError, ValueError) as error:
            kept = {key: one for key, one in row.items() if key in ("id", "question", "asked")}
            row.clear()
            row.update(kept, error=f"The result cannot be written as JSON: {error}.", error_kind=type(error).__name__)
            line = encoded(row)
        try:
            _append(self._file, line + b"\n")
            if time.monotonic() - self._synced > SECONDS_TO_DISK:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise BatchError(
                f"Cannot write {self.lines}: {error.strerror}. Make room and start the batch again: it goes on here."
            ) from error
        self.held.done[row["id"]] = "error" in row
        if row.get("abstained"):
            self.held.declined.add(row["id"])

    def finish(self) -> None:
        """Makes the Parquet file where one is wanted, in one move."""
        if self._parquet:
            to_parquet((row for _, row in lines(self.lines)), self.path, self.lines)

    def _looked(self) -> Earlier:
        if self._parquet and self.path.exists() and not self.lines.exists():
            raise BatchError(
                f"{self.path} is there, but not {self.lines.name}, with which a batch could go on; choose another "
                "output, or move it away."
            )
        self._seen = _stamp(self.lines)
        return earlier(self.lines)

    def _locked(self, path: Path) -> io.FileIO:
        """Opens a file for this process alone, as long as that lives."""
        while True:
            file = path.open("ab", buffering=0)  # so that nothing is left that cannot be written
            try:
                _lock(file)
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    return file
            except BlockingIOError:
                file.close()
                raise BatchError(
                    f"{self.path} is being written by another batch; wait for its end, or choose another output."
                ) from None
            except FileNotFoundError:
                pass
            file.close()  # it was replaced meanwhile


def lines_of(path: Path) -> Path:
    """Returns where the rows of an output lie."""
    return path.with_name(f"{path.name}.rows.jsonl") if path.suffix.lower() == PARQUET else path


def results(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the rows of an output.

    Raises:
        BatchError: It cannot be read, or holds something else.
    """
    source = lines_of(path)
    try:
        yield from (row for _, row in lines(source))
    except OSError as error:
        raise BatchError(f"Cannot read {source}: {error.strerror}.") from error


def _stamp(file: Path) -> tuple[int, int]:
    """What tells whether a file was changed; one that is not there is like one that was just made."""
    found = file.stat() if file.exists() else None
    return (found.st_size, found.st_mtime_ns) if found and found.st_size else (0, 0)


def encoded(row: Mapping[str, Any]) -> bytes:
    """Returns a result as JSON.

    Raises:
        TypeError, ValueError: It holds what JSON does not.
    """
    try:
        return orjson.dumps(row)
    except TypeError:  # half a character, or a number of more than 64 bits
        return json.dumps(row).encode()


def _lock(file: io.FileIO) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:  # a shared folder that knows no locks
        log.warning("the output cannot be locked: %s", error)


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
