"""What a run of a batch would do and cost, without asking anything."""

from __future__ import annotations

from pathlib import Path

from assistant.batch.options import Options
from assistant.batch.output import Output
from assistant.batch.run import found

MOST_LINES = 20


def preview(source: Path, output: Path, options: Options) -> str:
    """Returns what a run would do, without asking anything.

    Raises:
        BatchError: A file cannot be read.
    """
    wanted = found(source, output, options)
    done = Output(output).done
    again = sum(done.values()) if options.retry_errors else 0
    todo = [row for row in wanted if row.id not in done or (options.retry_errors and done[row.id])]
    good = [row for row in todo if not row.error]
    characters = sum(len(row.question) for row in good)
    lines = [
        f"{len(wanted)} rows, {len(wanted) - len(todo)} of them already answered"
        + (f", {again} asked again for their error" if again else ""),
        f"{len(good)} would be asked, {characters:,} characters of questions (about {characters // 4:,} tokens, "
        "without what is found and shown to the model)",
    ]
    return "\n".join([*lines, *(f"would be an error row: {row.error}" for row in todo if row.error)][:MOST_LINES])
