"""The ``assistant`` command. Each command imports what it needs, so that ``--help`` is instant."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assistant import options
from assistant.backup_commands import backup, restore
from assistant.conversation_commands import conversations
from assistant.database_commands import database
from assistant.eval_commands import compare_runs, evaluate
from assistant.filters import filtered
from assistant.index_commands import index
from assistant.key_commands import keys
from assistant.options import common, load
from assistant.tool_commands import tools
from assistant.user_commands import users
from assistant.verify_command import verify

if TYPE_CHECKING:
    from assistant.approval import Rule
    from assistant.batch import Summary
    from index.filter import Filter
    from index.types import DocumentHit

# The exit code after Ctrl-C, as shells have it.
STOPPED = 130


@click.group(
    cls=options.Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=options.examples(
        "assistant index add ~/Documents/manuals",
        'assistant ask "How long is the notice period?"',
        "assistant ui",
    ),
)
@click.version_option(package_name="assistant", message="%(prog)s %(version)s")
@common
def cli() -> None:
    """An assistant over your own documents that shows its evidence."""


@cli.command(
    epilog=options.examples(
        'assistant ask "What is 12.5 % of 2,480, minus 17?"',
        'assistant ask --json "Who wrote the handbook?" | jq .citations',
        "assistant ask - < question.txt",
    )
)
@click.argument("question")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option("--conversation", metavar="ID", help="Continue that conversation.")
@options.adapter
@options.policy
@common
def ask(question: str, as_json: bool, conversation: str | None, adapter: str | None, rules: Sequence[Rule]) -> None:
    """Answer one QUESTION ("-" reads it from standard input)."""
    text = options.read_stdin() if question == "-" else question
    from assistant.asking import asked

    if not asyncio.run(asked(load(), text, conversation, rules, as_json=as_json, adapter=adapter)):
        sys.exit(1)


@cli.command(epilog=options.examples("assistant retry", "assistant retry 4f0c…"))
@click.argument("conversation", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@options.policy
@common
def retry(conversation: str | None, as_json: bool, rules: Sequence[Rule]) -> None:
    """Ask the last question of a CONVERSATION again that was not answered; without one, of the newest."""
    from assistant.asking import retried

    if not asyncio.run(retried(load(), conversation, rules, as_json=as_json)):
        sys.exit(1)


@cli.command(epilog=options.examples("assistant chat", "assistant chat --conversation 4f0c…"))
@click.option("--conversation", metavar="ID", help="Continue that conversation.")
@options.adapter
@common
def chat(conversation: str | None, adapter: str | None) -> None:
    """Talk with the assistant; /new begins a new conversation, /exit leaves, Ctrl-C stops an answer."""
    from assistant.chat import run

    asyncio.run(run(load(), conversation, adapter))


@cli.command(
    epilog=options.examples(
        'assistant search "notice period" -k 3',
        'assistant search --json "rent"',
        'assistant search "rent" --kind pdf --since 2026-01-01 --around 1',
        'assistant search "solar power" --documents',
        'assistant search "notice period" --each lease.pdf --each contract.pdf',
        'assistant search "a lighthouse" --pictures',
        "assistant search --picture photo.jpg",
    )
)
@click.argument("query", default="")
@click.option("-k", "count", type=click.IntRange(1, 1000), default=6, show_default=True, help="Passages to show.")
@click.option("--pictures", is_flag=True, help="Only passages with pictures, by their looks too.")
@click.option("--picture", type=click.Path(path_type=Path), help="Pictures like the one in this file.")
@filtered
@click.option("--around", type=click.IntRange(0, 100), default=0, help="Passages to show before and after each.")
@click.option("--documents", "whole", is_flag=True, help="List the documents that are about QUERY, not passages.")
@click.option("--each", "things", multiple=True, help="Show passages on each of these: a document, or any words.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
@common
def search(
    query: str,
    count: int,
    pictures: bool,
    picture: Path | None,
    only: Filter,
    around: int,
    whole: bool,
    things: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show the passages of the library that fit QUERY best, and why."""
    from assistant import search as searching

    if not query and picture is None:
        raise click.UsageError("Say what to look for, or name a picture with --picture.")
    if (pictures or picture) and (whole or things):
        raise click.UsageError("--pictures and --picture cannot be used together with --documents or --each.")
    show = searching.as_json if as_json else searching.as_text
    found: list[searching.Found] | list[DocumentHit]
    with options.library() as library:
        if pictures or picture:
            hits, note = library.search_pictures(query, count, only, picture), library.picture_note()
            found = searching.passages(library, hits, around)
        else:
            found, note = searching.run(library, query, count, only, around, whole=whole, things=things), ""
        note = searching.lets_nothing_through(library, only) or note
    click.echo(show(found, count))
    if note:
        click.echo(note, err=True)


@cli.command(
    epilog=options.examples(
        "assistant batch questions.jsonl -o answers.jsonl",
        """echo '{"id": 1, "question": "What is 2 + 2?"}' | assistant batch - -o answers.jsonl""",
        "assistant batch questions.csv -o answers.parquet --sample 100 --dry-run",
    )
)
@click.argument("source", metavar="IN", type=click.Path(path_type=Path, allow_dash=True))
@click.option("-o", "--output", metavar="OUT", type=click.Path(path_type=Path), required=True)
@click.option(
    "--concurrency", type=click.IntRange(1, 1024), default=4, show_default=True, help="Requests to the model."
)
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True, help="That share the work.")
@click.option("--ray", metavar="ADDRESS", help="Answer on this Ray cluster; see docs/batches.md.")
@click.option("--limit", type=click.IntRange(1), help="Rows at most, from the first on.")
@click.option("--sample", type=click.IntRange(1), help="So many rows, drawn at random.")
@click.option("--seed", type=int, default=0, show_default=True, help="What is drawn, by --sample, models and tools.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="That a row may take.")
@click.option("--retry-errors", is_flag=True, help="Ask the rows again that an earlier run could not answer.")
@click.option("--again", is_flag=True, help="Ask the rows again that ask something else than what OUT holds.")
@click.option("--name", help="What it is called in a database, on whichever machine; see docs/batches.md.")
@click.option("--anew", is_flag=True, help="Forget what the database has of it.")
@click.option("--replies/--no-replies", "record", default=True, help="Keep them, for `assistant replay`.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be done, and about what it would take.")
@click.option("--price", metavar="SENT,MADE", callback=options.prices, help="Of a million tokens, for --dry-run.")
@click.option(
    "--summary",
    "report",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    callback=options.in_a_folder,
    help="Write what was done as JSON here.",
)
@options.adapter
@options.policy
@common
def batch(
    source: Path, output: Path, dry_run: bool, price: tuple[float, float] | None, report: Path | None, **how: Any
) -> None:
    """Answer every row of IN into OUT; goes on where it was stopped.

    IN is JSONL, CSV or Parquet, a folder of these, or - for JSONL from standard input. A row has "question" and, if
    wanted, "id", "library" or "files", "tools", "engine" and "seed"; any other column comes back in OUT, which is
    JSONL, or Parquet by its name.
    """
    from assistant.batch import Options, preview, run
    from assistant.event_loop import run as run_loop

    chosen = Options(**how)
    if dry_run:
        click.echo(preview(load(), source, output, chosen, price))
        return

    def told(summary: Summary) -> None:
        click.echo(summary.line(), err=True)
        if report:
            options.write_report(report, summary.to_json())

    try:
        summary = run_loop(run(load(), source, output, chosen, told))
    except KeyboardInterrupt:
        click.echo("Stopped; start the same command again to go on.", err=True)
        sys.exit(STOPPED)
    if summary.errors:
        sys.exit(1)


@cli.command(epilog=options.examples("assistant replay 17", "assistant replay 17 --of answers.jsonl --json"))
@click.argument("row")
@click.option("--of", "output", metavar="OUT", type=click.Path(path_type=Path), help="The output; else the last one.")
@click.option("--json", "as_json", is_flag=True, help="Print the row as one JSON object.")
@options.policy
@common
def replay(row: str, output: Path | None, as_json: bool, rules: Sequence[Rule]) -> None:
    """Run one ROW of a batch again with what the model said then, and tell what differs.

    Tools run anew. The exit code is 1 if something is not as it was.
    """
    from assistant.batch import replay as run

    done = asyncio.run(run(load(), row, output, rules))
    said = done.result.get("answer") or f"Error: {done.result.get('error')}"
    click.echo(json.dumps(done.result, ensure_ascii=False) if as_json else said)
    click.echo("\n".join(["Not as it was:", *done.differences]) if done.differences else "All as it was.", err=True)
    if done.differences:
        sys.exit(1)


@cli.command(epilog=options.examples("assistant doctor", "assistant doctor --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
@common
def doctor(as_json: bool) -> None:
    """Tell what is installed, which engine would answer and why, and what to do about each thing missing."""
    from assistant.doctor import examine

    findings = asyncio.run(examine(load()))
    click.echo(json.dumps([finding.row() for finding in findings]) if as_json else "\n".join(map(str, findings)))
    if any(finding.state == "broken" for finding in findings):
        sys.exit(1)


cli.add_command(backup)
cli.add_command(restore)
cli.add_command(evaluate)
cli.add_command(compare_runs)


@cli.command(epilog=options.examples("assistant ui", "assistant ui --port 8080 --samples"))
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 7860]")
@click.option("--samples", is_flag=True, help="Add the sample library if the library is empty.")
@click.option("--open", "open_browser", is_flag=True, help="Open the page in the browser.")
@common
def ui(host: str | None, port: int | None, samples: bool, open_browser: bool) -> None:
    """Serve the web page."""
    from assistant.server import serve

    page = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    serve(load(page=page), samples=samples, open_browser=open_browser)


@cli.command(
    epilog=options.examples(
        "assistant serve", "assistant serve --port 9000", "assistant serve --host 0.0.0.0  # needs a key"
    )
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port to listen on.")
@common
def serve(host: str, port: int) -> None:
    """Serve the OpenAI-compatible API, without the page."""
    from assistant.api.serve import serve as run

    run(load(), host, port)


cli.add_command(index)
cli.add_command(conversations)
cli.add_command(keys)
cli.add_command(database)
cli.add_command(tools)
cli.add_command(users)
cli.add_command(verify)


@cli.command(epilog=options.examples("assistant mcp", "assistant mcp --http 127.0.0.1:8765 --policy rules.yaml"))
@click.option("--http", "address", metavar="HOST:PORT", help="Serve over HTTP instead of standard input and output.")
@options.policy
@common
def mcp(address: str | None, rules: Sequence[Rule]) -> None:
    """Serve the tools and the library to clients of the Model Context Protocol; see docs/mcp.md."""
    from assistant.mcp.server import serve_http, serve_stdio

    if address is None:
        asyncio.run(serve_stdio(load(), rules))
        return
    host, _, port = address.rpartition(":")
    if not port.isdigit() or not host:
        raise click.BadParameter(f"{address} is no HOST:PORT, such as 127.0.0.1:8765", param_hint="--http")
    asyncio.run(serve_http(load(), rules, host, int(port)))


def main() -> None:
    """Entry point: every error is one line and an exit code, its story is in the log."""
    # Without a log, as before the settings are read, errors must not be printed a second time.
    logging.getLogger().addHandler(logging.NullHandler())
    logging.raiseExceptions = False  # a log that cannot be written, as on a full disk, is no news to the person
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(STOPPED)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        logging.getLogger(__name__).exception("command failed: %s", sys.argv)
        click.echo(f"Error: {options.one_line(error)}", err=True)
        sys.exit(1)
