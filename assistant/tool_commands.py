"""``assistant tools``: which tools are installed; writing, checking and running one's own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant import options
from assistant.options import common, load

if TYPE_CHECKING:
    from assistant.approval import Rule
    from assistant.events import ToolCall
    from assistant.settings import Settings
    from assistant.toolbox import Toolbox


@click.group(cls=options.Group)
@common
def tools() -> None:
    """See which tools are installed; write, check and run your own."""


@tools.command("list", epilog=options.examples("assistant tools list", "assistant tools list --tools ~/my-tools"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of text.")
@common
def tools_list(as_json: bool) -> None:
    """List the tools, and the tool files that could not be loaded with the reason of each."""
    from assistant import terminal

    toolbox = asyncio.run(_toolbox(load()))
    click.echo(terminal.toolbox_json(toolbox) if as_json else terminal.toolbox(toolbox))
    if toolbox.broken:
        sys.exit(1)


@tools.command("new", epilog=options.examples("assistant tools new word_count --folder my-tools"))
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("my-tools"), show_default=True)
@common
def tools_new(name: str, folder: Path) -> None:
    """Write a tool that works, NAME.py, and its test into a folder of yours."""
    from assistant.workshop import new

    written, test = new(name, folder)
    click.echo(
        f"wrote {written} and {test}; next:\n"
        f"  assistant tools check {written}\n"
        f"  assistant tools run {name} --tools {folder} --arg text=hello\n"
        f"  pytest {test}"
    )


@tools.command("check", epilog=options.examples("assistant tools check my-tools/word_count.py"))
@click.argument("paths", nargs=-1, required=True, metavar="FILE|FOLDER...", type=click.Path(path_type=Path))
@common
def tools_check(paths: tuple[Path, ...]) -> None:
    """Load tool files, or each of a folder, as the assistant does, and lint them; exit code 1 if something is wrong."""
    from assistant.workshop import check

    settings = load().tools.settings
    remarks = [remark for path in paths for remark in check(path, settings)]
    for remark in remarks:
        click.echo(f"{remark.kind.capitalize()}: {remark.text}", err=True)
    if any(remark.kind == "error" for remark in remarks):
        sys.exit(1)
    click.echo("Nothing is wrong." if not remarks else "Nothing is wrong; the hints would make it better.")


@tools.command(
    "run",
    epilog=options.examples(
        "assistant tools run calculator --arg expression='2 + 2'",
        'assistant tools run calculator --json \'{"expression": "2 + 2"}\'',
    ),
)
@click.argument("name")
@click.option("--arg", "given", multiple=True, metavar="NAME=VALUE", help="An argument; twice the same makes a list.")
@click.option("--json", "base", metavar="OBJECT", help="All arguments as one JSON object.")
@click.option("--folder", type=click.Path(path_type=Path), help="Folder of its files.  [default: files/tools at home]")
@click.option("--yes", "approved", is_flag=True, help="Approve the call beforehand.")
@options.policy
@common
def tools_run(
    name: str, given: tuple[str, ...], base: str | None, folder: Path | None, approved: bool, rules: Sequence[Rule]
) -> None:
    """Call the tool NAME once, with the checks and limits that it has in a conversation."""
    from assistant.tool_run import show

    done = asyncio.run(_run_tool(load(), name, given, base, folder, approved, rules))
    show(done)
    if not done.ok:
        sys.exit(1)


async def _toolbox(settings: Settings) -> Toolbox:
    from assistant.app import open_tools

    async with open_tools(settings) as plugins:
        return plugins.toolbox


async def _run_tool(
    settings: Settings,
    name: str,
    given: Sequence[str],
    base: str | None,
    folder: Path | None,
    approved: bool,
    rules: Sequence[Rule],
) -> ToolCall:
    from assistant.app import open_tools
    from assistant.tool_run import run
    from assistant.workshop import arguments_of, find

    async with open_tools(settings) as plugins:
        for reason in plugins.toolbox.broken.values():
            click.echo(f"Warning: {reason}", err=True)
        tool = find(plugins.toolbox.tools, name)
        arguments = arguments_of(tool, given, base)
        where = folder or settings.home / "files" / "tools"
        return await run(tool, arguments, settings, folder=where, approved=approved, rules=rules)
