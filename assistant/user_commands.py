"""``assistant users``: who may use the page."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from assistant.accounts.identity import ROLES, Role
from assistant.options import Group, common, examples, load, read_stdin

if TYPE_CHECKING:
    from assistant.accounts.store import Account, Accounts

role_option = click.Choice(ROLES)


@click.group(cls=Group)
@common
def users() -> None:
    """Say who may use the web page: as soon as there is an account, people have to sign in."""


@users.command(
    "add", epilog=examples("assistant users add anna --role admin", "pwgen 16 1 | assistant users add ben --stdin")
)
@click.argument("name")
@click.option("--role", type=role_option, default="user", show_default=True, help="What the account may do.")
@click.option("--stdin", "piped", is_flag=True, help="Read the password from standard input instead of asking.")
@common
def users_add(name: str, role: Role, piped: bool) -> None:
    """Add the account NAME."""
    with _accounts() as accounts:
        accounts.add(name, _password(piped), role)
    click.echo(f"added {name} ({role})")


@users.command("list", epilog=examples("assistant users list", "assistant users list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
@common
def users_list(as_json: bool) -> None:
    """List the accounts."""
    with _accounts() as accounts:
        found = accounts.all()
    if as_json:
        click.echo(json.dumps([_row(each) for each in found], ensure_ascii=False))
    else:
        click.echo("\n".join(map(_line, found)) or "There are no accounts; `assistant users add NAME` begins them.")


@users.command("role", epilog=examples("assistant users role ben viewer"))
@click.argument("name")
@click.argument("role", type=role_option)
@common
def users_role(name: str, role: Role) -> None:
    """Change what the account NAME may do, from its next click on."""
    with _accounts() as accounts:
        accounts.change_role(name, role)
    click.echo(f"{name} is {role} now")


@users.command("password", epilog=examples("assistant users password anna"))
@click.argument("name")
@click.option("--stdin", "piped", is_flag=True, help="Read the password from standard input instead of asking.")
@common
def users_password(name: str, piped: bool) -> None:
    """Set the password of the account NAME and sign it out everywhere."""
    with _accounts() as accounts:
        accounts.find(name)
        accounts.change_password(name, _password(piped))
    click.echo(f"changed the password of {name}")


@users.command("remove", epilog=examples("assistant users remove ben"))
@click.argument("name")
@common
def users_remove(name: str) -> None:
    """Remove the account NAME and sign it out; its conversations stay on disk, and nobody can read them."""
    with _accounts() as accounts:
        accounts.remove(name)
    click.echo(f"removed {name}")


@contextmanager
def _accounts() -> Iterator[Accounts]:
    from assistant.accounts.store import Accounts

    settings = load()
    accounts = Accounts(settings.database or settings.home)
    try:
        yield accounts
    finally:
        accounts.close()


def _password(piped: bool) -> str:
    if piped or not sys.stdin.isatty():
        return read_stdin().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


def _row(account: Account) -> dict[str, str | bool | None]:
    return {
        "name": account.name,
        "role": account.role,
        "created": account.created,
        "password": account.local,
        "seen": _time(account.seen),
    }


def _line(account: Account) -> str:
    seen = _time(account.seen)
    kind = "" if account.local else ", signs in elsewhere"
    return f"{account.name:20}{account.role:8}since {account.created[:10]}{kind}" + (
        f", seen {seen[:16]}" if seen else ""
    )


def _time(seconds: float | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else None
