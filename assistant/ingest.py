"""``assistant index add``: progress while it runs, and what became of each file."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click

from assistant.app import open_library
from assistant.settings import Settings
from index.cluster import Cluster, connected
from index.types import Outcome


def add(settings: Settings, paths: Sequence[Path], ray: str | None = None) -> bool:
    """Adds files and folders and prints each one's outcome.

    Args:
        settings: Whose library.
        paths: Files and folders.
        ray: Address of the Ray cluster that reads and embeds; None does both on this machine.

    Returns:
        Whether every file was taken.
    """
    library = open_library(settings)
    try:
        total = library.count(paths)
        where: AbstractContextManager[Cluster | None] = connected(ray) if ray else nullcontext()
        with (
            where as cluster,
            click.progressbar(length=total, label="Adding", file=sys.stderr, item_show_func=_name) as bar,
        ):
            outcomes = library.add(paths, on_outcome=lambda outcome: bar.update(1, outcome), cluster=cluster)
    finally:
        library.close()
    for outcome in outcomes:
        if outcome.status == "refused":
            click.echo(f"Error: {outcome.path}: {outcome.reason}", err=True)
        else:
            click.echo(f"{outcome.status}: {outcome.path}")
    counted = Counter(outcome.status for outcome in outcomes)
    click.echo(", ".join(f"{count} {status}" for status, count in counted.items()) or "nothing to add", err=True)
    return not counted["refused"]


def _name(outcome: Outcome | None) -> str | None:
    return Path(outcome.path).name if outcome else None
