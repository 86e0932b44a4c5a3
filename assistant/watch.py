"""``assistant index watch``: the library follows folders."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Event

import click

from assistant.app import open_library
from assistant.ingest import interrupts
from assistant.settings import Settings
from assistant.terminal import visible
from index.errors import LibraryError
from index.library import Library
from index.stamp import stamp
from index.types import Document, Outcome

LOOK_MS = 1000
PATIENCE_SECONDS = 60.0
"""A file that is written to without a pause is read after this time all the same."""
RETRY_SECONDS = 5.0

Identity = tuple[tuple[int, int] | None, ...]


def watch(settings: Settings, paths: Sequence[Path], stop: Event | None = None) -> None:
    """Adds what is there, and then follows every change: new and changed files are added, deleted ones removed.

    Args:
        settings: Whose library.
        paths: Files and folders.
        stop: Ends it once it is set; Ctrl-C does so too.
    """
    roots = [path.expanduser().resolve() for path in paths]
    library = open_library(settings)
    try:
        with interrupts(stop or Event()) as stopped:
            follower = _Follower(library, roots, stopped)
            click.echo(f"watching {', '.join(map(str, roots))}; Ctrl-C ends it", err=True)
            for anew, changed in _changes(roots, stopped):
                follower.look(changed, anew=anew)
                follower.settle()
    finally:
        library.close()


def _changes(roots: Sequence[Path], stop: Event) -> Iterator[tuple[bool, list[Path]]]:
    """Yields what changed about once a second, also where nothing did, and whether all must be looked at anew.

    That is so at first, once changes are being noted, and when a root is another folder than before, such as a disk
    that was mounted again.
    """
    from watchfiles import watch as changes

    while not stop.is_set():
        before, anew = _identity(roots), True
        there = [root for root, inode in zip(roots, before, strict=True) if inode]
        if not there:
            stop.wait(LOOK_MS / 1000)
            continue
        for changed in changes(
            *there,
            watch_filter=None,
            stop_event=stop,
            raise_interrupt=False,
            rust_timeout=LOOK_MS,
            yield_on_timeout=True,
        ):
            yield anew, sorted(Path(path) for _, path in changed)
            anew = False
            if _identity(roots) != before:
                break


def _identity(roots: Iterable[Path]) -> Identity:
    return tuple(_inode(root) for root in roots)


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_dev, found.st_ino


class _Follower:
    """Brings the library in step with files, once nobody is writing to them.

    Args:
        library: What follows.
        roots: Files and folders that are followed.
        stop: Ends adding once it is set.
    """

    def __init__(self, library: Library, roots: Sequence[Path], stop: Event) -> None:
        self._library = library
        self._roots = roots
        self._stop = stop
        self._waiting: dict[Path, float] = {}
        self._anew = self._gone = False
        self._trouble = ""
        self._retry = 0.0

    def look(self, changed: Iterable[Path], *, anew: bool) -> None:
        """Notes files that may have changed, and all below folders that may have.

        Args:
            changed: Files and folders.
            anew: Whether everything below the roots may have.
        """
        self._anew |= anew
        for path in changed:
            if not path.exists():
                self._gone = True
            for each in path.rglob("*") if path.is_dir() else [path]:
                if each.is_file() and not _is_hidden(each, self._roots):
                    self._waiting.setdefault(each, time.monotonic())

    def settle(self) -> None:
        """Adds the files that are complete, and removes the documents of those that are gone.

        Where the library cannot be written, as on a full disk, it says so once and tries again later.
        """
        if time.monotonic() < self._retry:
            return
        try:
            self._settle()
            self._trouble = ""
        except LibraryError as error:
            if str(error) != self._trouble:
                click.echo(f"Error: {error}", err=True)
            self._trouble, self._retry = str(error), time.monotonic() + RETRY_SECONDS

    def _settle(self) -> None:
        if self._anew:
            self._add([root for root in self._roots if root.exists()])
            self._forget([])
            self._anew = False
        ready = sorted(path for path, since in self._waiting.items() if _is_complete(path, since))
        new = self._add(ready) if ready else []
        for path in ready:
            del self._waiting[path]
        if self._gone and not self._waiting:  # what was renamed is there under its new name by then
            self._forget(new)
            self._gone = False

    def _add(self, paths: Sequence[Path]) -> list[Document]:
        outcomes = self._library.add(paths, cancelled=self._stop.is_set)
        _report(outcomes)
        return [outcome.document for outcome in outcomes if outcome.document]

    def _forget(self, new: Sequence[Document]) -> None:
        """Removes documents whose file was deleted from a folder; all is kept where the folder itself is not there.

        It may be on a disk that is not mounted. A file that was given another name keeps its tags.
        """
        folders = [root for root in self._roots if root.is_dir()]
        for document in self._library.documents():
            path = Path(document.path)
            if not any(path.is_relative_to(folder) for folder in folders) or path.exists():
                continue
            renamed = next((each for each in new if each.sha256 == document.sha256), None)
            if renamed and document.tags:
                self._library.tag(str(renamed.id), document.tags)
            self._library.remove(str(document.id))
            told = f"renamed: {document.path} to {renamed.path}" if renamed else f"removed: {document.path}"
            click.echo(visible(told))


def _is_complete(path: Path, since: float) -> bool:
    """Whether a file was left alone for a while: one that is being written would be read by halves."""
    return stamp(path) is not None or not path.exists() or time.monotonic() - since > PATIENCE_SECONDS


def _is_hidden(path: Path, roots: Sequence[Path]) -> bool:
    """As for folders that are added: what begins with a dot below a folder is passed over."""
    below = (path.relative_to(root) for root in roots if path.is_relative_to(root))
    return any(part.startswith(".") for relative in below for part in relative.parts)


def _report(outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.status == "refused":
            click.echo(visible(f"Error: {outcome.path}: {outcome.reason}"), err=True)
        elif outcome.status != "unchanged":
            click.echo(visible(f"{outcome.status}: {outcome.path}"))
