"""The commands for conversations: list, search, export, what people thought of the answers."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant import options
from assistant.options import common, load

if TYPE_CHECKING:
    from assistant.conversations import Conversation, Conversations

LOCAL = "local"
KINDS = ("md", "html", "json", "pdf")


@click.group(cls=options.Group)
@common
def conversations() -> None:
    """List, search and export conversations, and what people thought of the answers."""


@conversations.command(
    "list", epilog=options.examples("assistant conversations list", "assistant conversations list bees")
)
@click.argument("words", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
@common
def conversations_list(words: tuple[str, ...], as_json: bool) -> None:
    """List the command line's conversations, or those that hold all the WORDS."""
    from assistant import terminal

    rows = asyncio.run(_listed(" ".join(words)))
    shown = "\n".join(f"{row.id}  {row.updated[:16].replace('T', ' ')}  {terminal.visible(row.title)}" for row in rows)
    click.echo(terminal.as_json(rows) if as_json else shown or "There are none.")


@conversations.command(
    "export",
    epilog=options.examples(
        "assistant conversations export 4f0c… -o talk.pdf", "assistant conversations export 4f0c… --format md"
    ),
)
@click.argument("conversation")
@click.option("--format", "kind", type=click.Choice(KINDS), help="Default: by the file's ending, else md.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: the terminal.")
@click.option("--reasoning", is_flag=True, help="With what the model thought before it answered.")
@common
def conversations_export(conversation: str, kind: str | None, output: Path | None, reasoning: bool) -> None:
    """Write a conversation with its sources and tool calls as Markdown, HTML, JSON or PDF."""
    kind = kind or (output.suffix[1:].lower() if output else "md")
    data = asyncio.run(_exported(conversation, kind, reasoning=reasoning))
    if output:
        output.write_bytes(data)
        click.echo(f"Wrote {output}.")
    else:
        sys.stdout.buffer.write(data)


@conversations.command("feedback", epilog=options.examples("assistant conversations feedback > feedback.jsonl"))
@common
def conversations_feedback() -> None:
    """Print a JSON line for each verdict that people gave in the page, with question, answer and comment."""
    asyncio.run(_print_feedback())


async def _listed(words: str) -> list[Conversation]:
    from assistant.shelf import FOUND_BEGIN, FOUND_END

    async with _log() as log:
        rows = await log.shelf.search(LOCAL, words) if words else await log.list(LOCAL)
    return [replace(row, excerpt=row.excerpt.replace(FOUND_BEGIN, "").replace(FOUND_END, "")) for row in rows]


async def _exported(conversation: str, kind: str, *, reasoning: bool) -> bytes:
    from assistant.export import Exported, export

    async with _log() as log:
        turns = await log.turns(conversation, LOCAL)
        title = next(row.title for row in await log.list(LOCAL, -1) if row.id == conversation)
    return export(Exported(title, turns, load().home / "files" / conversation, reasoning), kind)


async def _print_feedback() -> None:
    async with _log() as log:
        async for row in log.feedback.all():
            click.echo(json.dumps(row, ensure_ascii=False))


@asynccontextmanager
async def _log() -> AsyncIterator[Conversations]:
    from assistant.conversations import Conversations
    from assistant.database.open import open_database

    async with open_database(load()) as database:
        yield Conversations(database)
