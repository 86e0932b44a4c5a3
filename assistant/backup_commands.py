"""``assistant backup`` and ``assistant restore``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from assistant.options import common, examples, load


@click.command(epilog=examples("assistant backup assistant.tar.gz"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@common
def backup(file: Path) -> None:
    """Write the home folder into FILE (.tar.gz, or .tar), also while the assistant runs."""
    from assistant.backup import back_up, size

    settings = load()
    home = settings.home
    with _bar(size(home), "Backing up") as bar:
        count = back_up(home, file, bar.update)
    click.echo(f"{count} files of {home} are in {file}; keep it like a password.", err=True)
    if settings.database:
        click.echo("The conversations are in PostgreSQL and not in it; pg_dump copies them.", err=True)


@click.command(epilog=examples("assistant restore assistant.tar.gz --home new-home"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@common
def restore(file: Path) -> None:
    """Put what FILE holds into the home folder, which must be empty."""
    from assistant.backup import restore as put_back

    home = load().home
    with _bar(file.stat().st_size, "Restoring") as bar:
        count = put_back(file, home, bar.update)
    click.echo(f"{count} files are back in {home}.", err=True)


def _bar(length: int, label: str) -> Any:
    return click.progressbar(length=length, label=label, file=sys.stderr)
