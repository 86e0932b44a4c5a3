"""``assistant index add``: progress while it runs, what became of each file, and a stop that loses nothing."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Literal

import click

from assistant.app import open_library
from assistant.errors import SettingsError
from assistant.settings import Settings
from assistant.terminal import visible
from index.cluster import Cluster, connected
from index.errors import LibraryError
from index.ingest import Progress
from index.tags import tidy
from index.types import Outcome

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

STOPPED = "Stopped: {done} of {total} files are settled, what was stored stays; the same command goes on."
Ending = Literal["taken", "refused", "stopped"]


def add(
    settings: Settings,
    paths: Sequence[Path],
    tags: Sequence[str] = (),
    report: Path | None = None,
    ray: str | None = None,
) -> Ending:
    """Adds files and folders and prints each one's outcome.

    Args:
        settings: Whose library.
        paths: Files and folders.
        tags: What each document gets.
        report: A file that gets a JSON object for each outcome as soon as it is certain; one that is there is replaced.
        ray: Address of the Ray cluster that reads and embeds; None does both on this machine.

    Returns:
        Whether every file was taken, some were refused, or Ctrl-C came before the end.

    Raises:
        SettingsError: The report cannot be written.
        LibraryError: A tag cannot be one.
    """
    tags = tidy(tags)  # before anything is told of the files
    library = open_library(settings)
    settled: list[Outcome] = []
    try:
        where: AbstractContextManager[Cluster | None] = connected(ray) if ray else nullcontext()
        with _reported(report) as write, where as cluster, interrupts(threading.Event()) as stopped:
            sizes = library.sizes(paths)
            with _Bar(sizes) as bar:

                def settle(outcome: Outcome) -> None:
                    settled.append(outcome)
                    write(outcome)
                    bar.settle(outcome)

                library.add(
                    paths,
                    on_outcome=settle,
                    on_progress=bar.show,
                    cancelled=stopped.is_set,
                    cluster=cluster,
                    tags=tags,
                )
    except LibraryError:  # a full disk, or a lock: what was stored by then is told before it
        _tell(settled)
        raise
    finally:
        library.close()
    _tell(settled)
    if len(settled) < len(sizes):
        click.echo(STOPPED.format(done=len(settled), total=len(sizes)), err=True)
        return "stopped"
    return "refused" if any(outcome.status == "refused" for outcome in settled) else "taken"


def _tell(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.status == "refused":
            click.echo(visible(f"Error: {outcome.path}: {outcome.reason}"), err=True)
        else:
            click.echo(visible(f"{outcome.status}: {outcome.path}"))
    counted = Counter(outcome.status for outcome in outcomes)
    click.echo(", ".join(f"{count} {status}" for status, count in counted.items()) or "nothing to add", err=True)


class _Bar:
    """A bar by bytes, so that the time left is a fair guess where files differ in size.

    Args:
        sizes: Bytes of each file.
    """

    def __init__(self, sizes: dict[str, int]) -> None:
        self._sizes = sizes
        self._settled = 0
        self._partly: dict[str, int] = {}
        self._words = ""
        self._bar: ProgressBar[int] = click.progressbar(
            length=sum(map(self._weight, sizes)),
            label="Adding",
            file=sys.stderr,
            item_show_func=lambda _: self._words,
            hidden=not sizes,
        )

    def __enter__(self) -> _Bar:
        self._bar.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.__exit__(None, None, None)

    def settle(self, outcome: Outcome) -> None:
        """Counts a file whose outcome is certain."""
        self._settled += 1
        self._words = f"{self._settled} of {len(self._sizes)} files  {visible(Path(outcome.path).name)}"
        self._bar.update(self._weight(outcome.path) - self._partly.pop(outcome.path, 0))

    def show(self, progress: Progress) -> None:
        """Counts the part of a file that has been embedded."""
        share = progress.done / progress.passages if progress.passages else 0
        now = int(share * (self._weight(progress.path) - 1))
        self._words = (
            f"{self._settled} of {len(self._sizes)} files  {visible(Path(progress.path).name)}: "
            f"{progress.done:,} of {progress.passages:,} passages"
        )
        self._bar.update(now - self._partly.get(progress.path, 0))
        self._partly[progress.path] = now

    def _weight(self, path: str) -> int:
        return self._sizes.get(path, 0) + 1  # an empty one counts too


@contextmanager
def _reported(path: Path | None) -> Iterator[Callable[[Outcome], None]]:
    """Lends what writes outcomes into a file, or nowhere."""
    if path is None:
        yield lambda outcome: None
        return
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"The report {path} cannot be written ({error.strerror}); choose another file.") from error
    with file:
        yield lambda outcome: _write(file, outcome)


def _write(file: IO[str], outcome: Outcome) -> None:
    document = outcome.document
    row = {
        "path": outcome.path,
        "status": outcome.status,
        "reason": outcome.reason,
        "document": document.id if document else None,
        "pages": document.pages if document else 0,
        "passages": document.passages if document else 0,
    }
    file.write(json.dumps(row, ensure_ascii=False) + "\n")
    file.flush()


@contextmanager
def interrupts(stopped: threading.Event) -> Iterator[threading.Event]:
    """Lets Ctrl-C set an event; a second one ends the program at once, which loses nothing that was stored either."""
    if threading.current_thread() is not threading.main_thread():
        yield stopped
        return

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)
