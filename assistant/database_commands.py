"""``assistant database``: what has to do with PostgreSQL."""

from __future__ import annotations

import sys

import click

from assistant.options import Group, common, examples, load


@click.group(cls=Group)
@common
def database() -> None:
    """Work with the database that several servers share."""


@database.command("move", epilog=examples("assistant database move --config shared.yaml"))
@common
def move() -> None:
    """Copy what the home folder keeps in SQLite into the database that the settings name.

    Conversations, accounts with their sessions, and keys. Stop the servers first. It may be done again: what the
    database has already is left as it is there, and the files stay as they are.
    """
    from assistant.event_loop import run
    from assistant.moving import count, move_home

    settings = load()
    with click.progressbar(length=count(settings.home), label="Moving", file=sys.stderr) as bar:
        done = run(move_home(settings, bar.update))
    click.echo(
        f"{done.conversations} conversations, {done.accounts} accounts and {done.keys} keys of {settings.home} were "
        f"copied; {done.there} conversations were there already.",
        err=True,
    )
    if done.left:
        names = ", ".join(sorted(done.left))
        click.echo(f"Left out, since the database has others of these names: {names}. Rename or remove one.", err=True)
        sys.exit(1)
