"""``assistant backup`` and ``assistant restore``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from assistant.errors import BackupError
from assistant.options import common, examples, load

with_database = click.option(
    "--database/--no-database", "shared", default=True, help="Whether the database of the settings belongs to it."
)


@click.command(epilog=examples("assistant backup assistant.tar.gz"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_database
@click.option("--force", is_flag=True, help="Replace FILE where it is there already.")
@common
def backup(file: Path, shared: bool, force: bool) -> None:
    """Write the home folder into FILE (.tar.gz, or .tar), also while the assistant runs; so too the database."""
    from assistant.backup import back_up, size
    from assistant.backup_tables import tables

    if file.exists() and not force:
        raise BackupError(f"{file} is there already; choose another name, or replace it with --force.")
    settings = load()
    home = settings.home
    with _bar(size(home), "Backing up") as bar:
        count = back_up(home, file, bar.update, tables(settings) if shared else ())
    with_tables = " and the database" if shared and settings.database else ""
    click.echo(f"{count} files of {home}{with_tables} are in {file}; keep it like a password.", err=True)
    if settings.database and not shared:
        click.echo("What is in PostgreSQL is not in it; pg_dump copies that.", err=True)
    if settings.artifacts:
        click.echo("Files that are in the bucket alone are not in it; copy the bucket too.", err=True)


@click.command(epilog=examples("assistant restore assistant.tar.gz --home new-home"))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@with_database
@common
def restore(file: Path, shared: bool) -> None:
    """Put what FILE holds into the home folder, and a database into that of the settings; both must be empty."""
    from assistant.backup import restore as put_back
    from assistant.backup_tables import filled

    settings = load()
    home = settings.home
    with _bar(file.stat().st_size, "Restoring") as bar:
        count = put_back(file, home, bar.update, partial(filled, settings) if shared else None)
    click.echo(f"{count} files are back in {home}.", err=True)


def _bar(length: int, label: str) -> Any:
    return click.progressbar(length=length, label=label, file=sys.stderr)
