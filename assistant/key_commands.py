"""``assistant keys``: which programs may use the API."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from assistant.options import Group, common, examples, load

SCOPES = ("ask", "read", "write", "watch")


@click.group(cls=Group)
@common
def keys() -> None:
    """Say which programs may use the API: as soon as there is a key, one is needed."""


@keys.command("add", epilog=examples("assistant keys add nightly-job", "assistant keys add dashboard --scope watch"))
@click.argument("name")
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, default=("ask", "read"), show_default=True,
    help="What it lets a program do; may be given several times.",
)  # fmt: skip
@common
def keys_add(name: str, scopes: Sequence[str]) -> None:
    """Make a key called NAME and print it; it cannot be shown again."""
    from assistant.api.keys import Keys, Scope

    wanted: frozenset[Scope] = frozenset(scopes)  # type: ignore[arg-type]
    settings = load()
    with Keys(settings.database or settings.home) as known:
        click.echo(known.add(name, wanted))


@keys.command("list", epilog=examples("assistant keys list", "assistant keys list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
@common
def keys_list(as_json: bool) -> None:
    """List the keys, without what is secret of them."""
    from assistant.api.keys import Keys

    settings = load()
    with Keys(settings.database or settings.home) as known:
        found = known.all()
    if as_json:
        rows = [{"name": key.name, "scopes": sorted(key.scopes), "created": key.created} for key in found]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    lines = [f"{key.name:20}{', '.join(sorted(key.scopes)):24}since {key.created[:10]}" for key in found]
    click.echo("\n".join(lines) or "There are no keys; `assistant keys add NAME` makes one.")


@keys.command("remove", epilog=examples("assistant keys remove nightly-job"))
@click.argument("name")
@common
def keys_remove(name: str) -> None:
    """Remove the key NAME, which is refused from its next request on."""
    from assistant.api.keys import Keys

    settings = load()
    with Keys(settings.database or settings.home) as known:
        known.remove(name)
    click.echo(f"removed {name}")
