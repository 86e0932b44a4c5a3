"""What a run of a batch would do and cost, without asking anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from assistant.batch.options import Options
from assistant.batch.output import Output, results
from assistant.batch.rows import Row
from assistant.batch.run import chosen, read_rows, to_forget
from assistant.batch.sharing import elsewhere
from assistant.loader import builtin_folder
from assistant.prompts import prompt
from assistant.settings import Settings
from assistant.toolbox import load_tools

MOST_LINES = 20
MILLION = 1_000_000
# Where nothing has been measured: a request that searches and one that answers, with passages of full length.
REQUESTS, PASSAGE_TOKENS, ANSWER_TOKENS, CHARACTERS = 2, 256, 200, 4


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a row takes of a language model.

    Attributes:
        sent: Tokens.
        made: Tokens.
        seconds: How long; None where that is not known.
        rows: Rows that this was measured on; 0 where it is a guess.
    """

    sent: float
    made: float
    seconds: float | None = None
    rows: int = 0


def preview(
    settings: Settings, source: Path, output: Path, options: Options, price: tuple[float, float] | None = None
) -> str:
    """Returns what a run would do, without asking anything.

    Args:
        settings: What would answer.
        source: As for ``run``.
        output: As for ``run``; what its rows took tells what others will.
        options: How.
        price: Of a million tokens sent and made.

    Raises:
        BatchError: A file cannot be read.
        AssistantError: The database that keeps the batch's state cannot be used.
    """
    every = read_rows(source, output)
    wanted, here = chosen(every, options), Output(output)
    forgotten = to_forget(here, every, wanted, options)
    done = here.done | elsewhere(settings.database, options, here, every)
    again = forgotten | {row.id for row in wanted if options.retry_errors and done.get(row.id)}
    todo = [row for row in wanted if row.id not in done or row.id in again]
    good = [row for row in todo if not row.error]
    lines = [
        f"{len(wanted)} rows, {len(wanted) - len(todo)} of them already answered"
        + (f", {len(again)} asked again" if again else ""),
        f"{len(good)} would be asked, {sum(len(row.question) for row in good):,} characters of questions",
        *_cost(settings, good, _measured(output) if here.done else None, options, price),
    ]
    return "\n".join([*lines, *(f"would be an error row: {row.error}" for row in todo if row.error)][:MOST_LINES])


def _cost(
    settings: Settings,
    good: Sequence[Row],
    measured: Estimate | None,
    options: Options,
    price: tuple[float, float] | None,
) -> Iterator[str]:
    if settings.engine == "builtin":
        yield "no language model answers: no tokens, no cost"
        return
    each = measured or _guess(settings, good)
    basis = f"as the {each.rows} rows that are there" if each.rows else "a guess from rules, tools and questions"
    sent, made = each.sent * len(good), each.made * len(good)
    yield f"about {sent:,.0f} tokens sent and {made:,.0f} made, {basis}"
    if each.seconds is not None:
        yield f"about {each.seconds * len(good) / options.concurrency / 60:,.1f} minutes"
    if price:
        yield f"about {(sent * price[0] + made * price[1]) / MILLION:,.2f} at {price[0]:g} and {price[1]:g} a million"
    else:
        yield "with --price SENT,MADE (of a million tokens) its cost is told"


def _measured(output: Path) -> Estimate | None:
    """What the rows took that are there; None where a server told nothing."""
    taken = [(row["usage"], row["seconds"]) for row in results(output) if row.get("usage")]
    told = [(usage, seconds) for usage, seconds in taken if usage.get("prompt_tokens") is not None]
    if not told:
        return None
    sent = mean(usage["prompt_tokens"] for usage, _ in told)
    made = mean(usage.get("completion_tokens") or 0 for usage, _ in told)
    return Estimate(sent, made, mean(seconds for _, seconds in told), len(told))


def _guess(settings: Settings, good: Sequence[Row]) -> Estimate:
    tools = load_tools([builtin_folder(), *settings.tools.folders], settings.tools.settings).tools.values()
    question = mean([len(row.question) for row in good] or [0])
    fixed = (len(prompt("system")) + sum(tool.size for tool in tools) + question) / CHARACTERS
    return Estimate(REQUESTS * fixed + settings.library.passages * PASSAGE_TOKENS, ANSWER_TOKENS)
