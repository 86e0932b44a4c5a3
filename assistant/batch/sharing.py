"""Keeps what a batch has answered in the database of the settings, so that any machine goes on where another stopped.

The output stays what results are written to, one by one. A thread beside takes its new lines to the database, some at a
time and at most a second late; nothing waits for it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from assistant.batch.files import BatchFiles
from assistant.batch.options import Options
from assistant.batch.output import Output, encoded
from assistant.batch.rows import Row
from assistant.errors import AssistantError, BatchError, SettingsError, StorageError
from assistant.files import open_files
from assistant.settings import DatabaseSettings, Settings

if TYPE_CHECKING:
    from assistant.batch.state import BatchState

log = logging.getLogger(__name__)

# Seconds between two groups; after which a database that is away is given up; between attempts until then; to stop.
EVERY, PATIENCE, FIRST_PAUSE, LONGEST_PAUSE, TO_STOP = 0.5, 120.0, 0.5, 15.0, 2.0
MOST_ROWS, MOST_BYTES = 1000, 4_000_000
# Else a line need not be read.
HAS_FILES = re.compile(rb'"artifacts": ?\[\{')

Rendered = tuple[str, bool, bytes]
"""Of a result its key, whether it is an error, and its line of JSON."""


class Alone:
    """What a batch has that keeps its state in its output only."""

    def check(self) -> None:
        """Has nothing to say."""


class Shared:
    """Takes an output's lines to the database.

    Args:
        state: The batch in the database.
        files: Its files in a bucket.
        lines: The output's lines.
        held: The keys of the rows that the database has, each with whether it is an error.
        old: How many bytes of the output were there when these were read.
    """

    def __init__(self, state: BatchState, files: BatchFiles, lines: Path, held: dict[str, bool], old: int) -> None:
        self._state, self._files, self._lines = state, files, lines
        self._held, self._old, self._done = held, old, 0
        self._failed: AssistantError | None = None
        self._ending, self._hurrying = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="batch-state", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises what ended the writing.

        Raises:
            AssistantError: The database was away for too long, or the batch is run by somebody else.
        """
        if self._failed:
            raise self._failed

    def finish(self) -> None:
        """Waits until all is written, as long as a database that is away is waited for.

        Raises:
            AssistantError: As for ``check``.
        """
        self._ending.set()
        self._thread.join()
        self.check()

    def stop(self) -> None:
        """Writes what it can at once."""
        self._hurrying.set()
        self._ending.set()
        self._thread.join(timeout=TO_STOP)

    def _run(self) -> None:
        try:
            while not self._ending.wait(EVERY):
                self._write_new()
            self._write_new()
        except AssistantError as error:
            self._failed = error
        except Exception as error:  # the edge of the thread: the batch is told
            log.exception("the batch's state cannot be kept")
            self._failed = BatchError(f"The batch's state cannot be kept ({error}); the log has the details.")

    def _write_new(self) -> None:
        with self._lines.open("rb") as file:
            file.seek(self._done)
            while group := _group(file):
                known = self._held if self._done < self._old else {}
                self._write([row for row in group if row[0] not in known or (known[row[0]] and not row[1])])
                self._done = file.tell()

    def _write(self, rows: Sequence[Rendered]) -> None:
        """Writes a group; tries again for a while where the database is away."""
        from assistant.batch.state import Claimed
        from assistant.database.postgres_client import AWAY

        until, pause = time.monotonic() + PATIENCE, FIRST_PAUSE
        while rows:
            try:
                self._files.keep([json.loads(line) for _, _, line in rows if HAS_FILES.search(line)])
                self._state.write(rows)
            except (*AWAY, Claimed, StorageError) as error:  # our own lock may outlive a lost connection for seconds
                away = error if isinstance(error, StorageError) else f"{self._state.place} cannot be reached ({error})"
                reason = " ".join(str(away).split())
                log.warning(reason, exc_info=True)
                if time.monotonic() > until or self._hurrying.is_set():
                    raise StorageError(
                        f"{reason}. {self._lines} has every result; the same command goes on."
                    ) from error
                if pause == FIRST_PAUSE:
                    click.echo(f"\n{reason}; the batch goes on, and its results are written there later.", err=True)
                self._hurrying.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                return


@contextmanager
def sharing(settings: Settings, options: Options, output: Output, every: Sequence[Row]) -> Iterator[Alone | Shared]:
    """Brings an output up to date with the database, and takes there what is added to it meanwhile.

    Args:
        settings: Name the database where the state is, without which it is in the output alone, and the bucket.
        options: What the batch is called, and what is to be asked again.
        output: Open.
        every: The rows of the input, also those that this run leaves out.

    Raises:
        AssistantError: The database cannot be used, or the batch is being run elsewhere.
    """
    if settings.database is None:
        if options.name or options.anew:
            raise BatchError("--name and --anew are for a batch whose state is in a database; set database.url.")
        yield Alone()
        return
    if options.again:
        raise BatchError("--again is for a batch whose state is in its output alone; with a database there is --anew.")
    with closing(_opened(settings.database, options, output.path, every)) as state:
        files = BatchFiles(open_files(settings).bucket, state.name, output.files)
        held = _settled(state, files, options, output, every)
        shared = Shared(state, files, output.lines, held, output.lines.stat().st_size)
        try:
            yield shared
        except BaseException:
            shared.stop()
            raise
        shared.finish()


def elsewhere(
    database: DatabaseSettings | None, options: Options, output: Output, every: Sequence[Row]
) -> dict[str | int, bool]:
    """Returns the rows that the database has and the output lacks, each with whether it is an error.

    Raises:
        AssistantError: The database cannot be used.
    """
    if database is None or options.anew:
        return {}
    from assistant.batch.state import key_of

    with closing(_opened(database, options, output.path, every, claim=False)) as state:
        held = state.keys()
    known = {row.id: held.get(key_of(row.id)) for row in every}
    return {key: failed for key, failed in known.items() if failed is not None and output.done.get(key, True)}


def _opened(
    database: DatabaseSettings, options: Options, output: Path, every: Sequence[Row], *, claim: bool = True
) -> BatchState:
    try:
        from assistant.batch.state import BatchState
    except ImportError:
        raise SettingsError("database needs PostgreSQL's client: pip install 'assistant[postgres]'.") from None
    return BatchState(database.url, options.name or _name(output, every), claim=claim)


def _settled(
    state: BatchState, files: BatchFiles, options: Options, output: Output, every: Sequence[Row]
) -> dict[str, bool]:
    """Writes into the output what only the database has; returns what that has."""
    from assistant.batch.state import key_of

    if options.anew or options.retry_errors:
        state.forget(failed=not options.anew)
    if options.anew:
        files.forget()
    held = state.keys()
    here = {key_of(identity): (identity, failed) for identity, failed in output.done.items()}
    stale = {key for key, (_, failed) in here.items() if failed and held.get(key) is False}
    output.forget({here[key][0] for key in stale})
    missing = [key for key in held if key not in here or key in stale]
    output.take(_checked(state.results(missing), files, every))
    if missing:
        click.echo(f"{len(missing)} rows were answered elsewhere and are taken from the database.", err=True)
    return held


def _checked(lines: Iterable[bytes], files: BatchFiles, every: Sequence[Row]) -> Iterator[bytes]:
    """Yields results, whose files are here then, unless one is of another batch of the same name."""
    asked = {row.id: row.question for row in every if row.question}
    for line in lines:
        result = json.loads(line)
        question = result.get("question")
        if question and question != asked.get(result["id"], question):
            raise BatchError(
                f"The database has another batch of this name, with another question of id {result['id']!r}; give "
                "this one another --name, or begin it --anew."
            )
        yield encoded(files.brought(result)) + b"\n" if result.get("artifacts") else line


def _name(output: Path, every: Sequence[Row]) -> str:
    """Returns what a batch is called that was given no name: where it writes, and what it asks."""
    digest = hashlib.sha256()
    for row in every:
        files = [file.name for file in row.files]
        asked = [row.id, row.question, row.library, files, row.tools, row.engine, row.seed]
        digest.update(json.dumps(asked).encode())
    return f"{output.resolve()} {digest.hexdigest()[:16]}"


def _group(file: IO[bytes]) -> list[Rendered]:
    """Reads some whole lines from where a file stands."""
    found: list[Rendered] = []
    begin = file.tell()
    while len(found) < MOST_ROWS and file.tell() - begin < MOST_BYTES:
        start, line = file.tell(), file.readline()
        if not line.endswith(b"\n"):  # it is being written
            file.seek(start)
            break
        found.append(_rendered(line))
    return found


def _rendered(line: bytes) -> Rendered:
    from assistant.batch.state import key_of

    row: dict[str, Any] = json.loads(line)
    return key_of(row["id"]), "error" in row, line
