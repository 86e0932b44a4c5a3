"""``assistant index``: the commands that see to the library."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant import options
from assistant.options import common, load

if TYPE_CHECKING:
    from index.types import Document


@click.group(cls=options.Group)
@common
def index() -> None:
    """Add, list and remove documents."""


@index.command(
    "add",
    epilog=options.examples(
        "assistant index add handbook.pdf notes/", "assistant index add . --tag contracts --report added.jsonl"
    ),
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--tag", "tags", multiple=True, help="A tag for each of the documents; may be given again.")
@click.option(
    "--report", metavar="FILE.jsonl", type=click.Path(path_type=Path), help="Write each file's outcome there."
)
@click.option("--ray", metavar="ADDRESS", help="Read and embed on this Ray cluster; see docs/deployment.md.")
@common
def index_add(paths: tuple[Path, ...], tags: tuple[str, ...], report: Path | None, ray: str | None) -> None:
    """Add files and folders; a file that is there already is skipped, a changed one replaces its passages.

    Ctrl-C stops it in order; the same command goes on. Exit code 1 where a file was refused, 130 where it was stopped.
    """
    from assistant.ingest import add

    ending = add(load(), paths, tags, report, ray)
    if ending != "taken":
        sys.exit(130 if ending == "stopped" else 1)


@index.command("watch", epilog=options.examples("assistant index watch ~/Documents"))
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@common
def index_watch(paths: tuple[Path, ...]) -> None:
    """Add files and folders and follow them: what is new, changed or deleted there is so in the library too."""
    from assistant.watch import watch

    watch(load(), paths)


@index.command("list", epilog=options.examples("assistant index list", "assistant index list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
@common
def index_list(as_json: bool) -> None:
    """List the documents."""
    from assistant import terminal

    with options.library() as library:
        documents = library.documents()
    click.echo(terminal.as_json(documents) if as_json else terminal.documents(documents))


@index.command("remove", epilog=options.examples("assistant index remove handbook.pdf", "assistant index remove 3"))
@click.argument("references", nargs=-1, required=True, metavar="DOCUMENT...")
@common
def index_remove(references: tuple[str, ...]) -> None:
    """Remove documents, each named by its number, path, file name or title; the files themselves stay."""
    from index.errors import UnknownDocument

    failed = False
    with options.library() as library:
        for reference in references:
            try:
                click.echo(f"removed {library.remove(reference).path}")
            except UnknownDocument as error:
                click.echo(f"Error: {error}", err=True)
                failed = True
    if failed:
        sys.exit(1)


@index.command("libraries", epilog=options.examples("assistant index libraries", "assistant index libraries --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
@common
def index_libraries(as_json: bool) -> None:
    """List the libraries: the default one, and those that were given a name."""
    from assistant.libraries import places

    found = places(load(begin=False).home)
    if as_json:
        click.echo(json.dumps([{"name": each.name, "folder": str(each.folder)} for each in found]))
    else:
        click.echo("\n".join(f"{each.name}  {each.folder}" for each in found) or "There is no library yet.")


@index.command("create", epilog=options.examples("assistant index create work", "assistant index add --library work ."))
@click.argument("name")
@common
def index_create(name: str) -> None:
    """Make an empty library NAME beside the default one."""
    from assistant.libraries import create

    click.echo(f"created {create(load(), name).folder}")


@index.command("delete", epilog=options.examples("assistant index delete work"))
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@common
def index_delete(name: str, yes: bool) -> None:
    """Delete the library NAME with all that it holds; the files that were added to it stay."""
    from assistant.libraries import existing, remove

    settings = load(begin=False)
    folder = existing(settings.home, name).folder
    if not yes:
        click.confirm(f"Delete {folder} and all that it holds?", abort=True)
    remove(settings, name)
    click.echo(f"deleted {folder}")


@index.command("pictures", epilog=options.examples("assistant index pictures --config my.yaml"))
@common
def index_pictures() -> None:
    """Let the picture model look at the pictures that it has not seen yet, as after library.picture_model was set."""
    with options.library() as library, click.progressbar(length=0, label="Looking", file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        made = library.embed_pictures(show)
        note = library.picture_note()
    click.echo(f"{made} pictures looked at")
    if note:
        click.echo(note, err=True)


@index.command("picture", epilog=options.examples("assistant index picture 3 -o lighthouse.png"))
@click.argument("number", type=click.IntRange(1))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write.")
@common
def index_picture(number: int, output: Path) -> None:
    """Write the picture NUMBER, as `assistant search` shows it, to a file."""
    with options.library() as library:
        data = library.picture_data(number)
    try:
        output.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written ({error.strerror}); choose another file.") from error
    click.echo(f"wrote {output}")


@index.command("tag", epilog=options.examples("assistant index tag handbook.pdf contracts 2026"))
@click.argument("document")
@click.argument("tags", nargs=-1, required=True, metavar="TAG...")
@common
def index_tag(document: str, tags: tuple[str, ...]) -> None:
    """Give DOCUMENT tags, by which searches can be kept to some documents."""
    with options.library() as library:
        _show_tags(library.tag(document, tags))


@index.command("untag", epilog=options.examples("assistant index untag handbook.pdf 2026"))
@click.argument("document")
@click.argument("tags", nargs=-1, required=True, metavar="TAG...")
@common
def index_untag(document: str, tags: tuple[str, ...]) -> None:
    """Take tags from DOCUMENT."""
    from index.tags import tidy

    with options.library() as library:
        held = library.untag(document, ()).tags
        _show_tags(library.untag(document, tags))
    if missing := [tag for tag in tidy(tags) if tag not in held]:
        click.echo(f"It did not have: {', '.join(missing)}.", err=True)


@index.command("tags", epilog=options.examples("assistant index tags", "assistant index tags --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of text.")
@common
def index_tags(as_json: bool) -> None:
    """List the tags with the number of their documents."""
    with options.library() as library:
        found = library.tags()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo("\n".join(f"{tag}  {count}" for tag, count in found.items()) or "No document has a tag.")


def _show_tags(document: Document) -> None:
    click.echo(f"{document.path}: {', '.join(document.tags) or 'no tags'}")


@index.command("status", epilog=options.examples("assistant index status", "assistant index status --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of text.")
@common
def index_status(as_json: bool) -> None:
    """Tell how much the library holds."""
    from assistant import terminal

    with options.library() as library:
        status = library.status()
    click.echo(terminal.as_json(status) if as_json else terminal.status(status))


@index.command("sheet", epilog=options.examples("assistant index sheet", "assistant index sheet --json"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of text.")
@common
def index_sheet(as_json: bool) -> None:
    """Tell what the library holds and what it lacks: kinds, languages, dates, sizes, gaps, refused files."""
    from assistant import terminal
    from assistant.sheet import sheet

    with options.library() as library:
        found = library.inventory()
    click.echo(terminal.as_json(found) if as_json else sheet(found))


@index.command("verify", epilog=options.examples("assistant index verify"))
@common
def index_verify() -> None:
    """Check that the library is sound; exit code 1 if not."""
    with options.library() as library:
        problems = library.verify()
    for problem in problems:
        click.echo(f"Error: {problem}", err=True)
    if problems:
        sys.exit(1)
    click.echo("The library is sound.")
