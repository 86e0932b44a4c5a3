"""``assistant verify``: where pictures come from, and whether they were altered."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.options import common, examples

if TYPE_CHECKING:
    from assistant.origin.verify import Verdict


@click.command("verify", epilog=examples("assistant verify picture.png", "assistant verify *.png --json"))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of text.")
@common
def verify(files: Sequence[Path], as_json: bool) -> None:
    """Tell whether FILES carry a signed origin, and whether they were altered since.

    The exit status is 0 where all are signed and unaltered, 1 where one was altered or cannot be read, else 3.
    """
    from assistant.origin.verify import verify as read

    rows, worst = [], 0
    for path in files:
        try:
            verdict = read(path)
        except OSError as error:
            click.echo(f"Error: {path} cannot be read: {error.strerror}.", err=True)
            worst = 1
            continue
        rows.append({"file": str(path), **asdict(verdict)})
        worst = 1 if verdict.state == "altered" or worst == 1 else 0 if verdict.state == "signed" and not worst else 3
        if not as_json:
            click.echo("\n".join(_lines(path, verdict)))
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    sys.exit(worst)


def _lines(path: Path, verdict: Verdict) -> list[str]:
    lines = [f"{path}: {verdict.said}"]
    if verdict.reasons:
        lines.append(f"  {'what does not fit' if verdict.state == 'altered' else 'note'}: {', '.join(verdict.reasons)}")
    if verdict.signer:
        lines.append(f"  signed by: {verdict.signer}{'' if verdict.known else ', for whom nobody vouches'}")
    if verdict.time:
        lines.append(f"  made: {verdict.time}")
    for name, value in sorted((verdict.made or {}).items()):
        lines.append(f"  {name}: {value}")
    return [*lines, *(f"  made from: {name}" for name in verdict.ingredients)]
