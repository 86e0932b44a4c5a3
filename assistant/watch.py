"""``assistant index watch``: the library follows folders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Event

import click

from assistant.app import open_library
from assistant.settings import Settings
from index.library import Library
from index.types import Outcome


def watch(settings: Settings, paths: Sequence[Path], stop: Event | None = None) -> None:
    """Adds what is there, and then follows every change: new and changed files are added, deleted ones removed.

    Args:
        settings: Whose library.
        paths: Files and folders.
        stop: Ends it once it is set; Ctrl-C does so too.
    """
    from watchfiles import watch as changes

    roots = [path.expanduser().resolve() for path in paths]
    library = open_library(settings)
    try:
        _report(library.add(roots))
        _forget(library, roots)
        click.echo(f"watching {', '.join(map(str, roots))}; Ctrl-C ends it", err=True)
        for changed in changes(*roots, watch_filter=None, stop_event=stop, raise_interrupt=False):
            _follow(library, roots, {Path(path) for _, path in changed})
    finally:
        library.close()


def _follow(library: Library, roots: Sequence[Path], changed: Iterable[Path]) -> None:
    present = sorted(path for path in changed if path.exists() and not _is_hidden(path, roots))
    _report(library.add(present))
    _forget(library, roots)


def _is_hidden(path: Path, roots: Sequence[Path]) -> bool:
    """As for folders that are added: what begins with a dot below a folder is passed over."""
    below = (path.relative_to(root) for root in roots if path.is_relative_to(root))
    return any(part.startswith(".") for relative in below for part in relative.parts)


def _forget(library: Library, roots: Sequence[Path]) -> None:
    """Removes documents whose file was deleted from a folder; all is kept where the folder itself is not there.

    It may be on a disk that is not mounted.
    """
    folders = [root for root in roots if root.is_dir()]
    for document in library.documents():
        path = Path(document.path)
        if any(path.is_relative_to(folder) for folder in folders) and not path.exists():
            library.remove(str(document.id))
            click.echo(f"removed: {document.path}")


def _report(outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.status == "refused":
            click.echo(f"Error: {outcome.path}: {outcome.reason}", err=True)
        elif outcome.status != "unchanged":
            click.echo(f"{outcome.status}: {outcome.path}")
