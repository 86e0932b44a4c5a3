"""Questions from a JSONL file, answers into another; what is written stays written."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import click

from assistant.app import build
from assistant.approval import Rule
from assistant.errors import BatchError
from assistant.events import Answer
from assistant.session import Assistant
from assistant.settings import Settings

OWNER = "batch"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the input.

    Attributes:
        id: As given; the line's number where it has none.
        question: What to ask.
        error: Why it cannot be asked; empty where it can.
    """

    id: str | int
    question: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did.

    Attributes:
        written: Rows written by this run.
        skipped: Rows that an earlier run had written.
        errors: Rows with an error in the whole output file.
    """

    written: int
    skipped: int
    errors: int

    def line(self) -> str:
        """Returns it for people."""
        return f"{self.written} written, {self.skipped} already there, {self.errors} with an error"


async def run(settings: Settings, source: Path, output: Path, concurrency: int, rules: Sequence[Rule] = ()) -> Summary:
    """Answers every row of a file that the output does not hold yet.

    Args:
        settings: What to answer from.
        source: JSONL with ``question`` and, if wanted, ``id``; ``-`` is standard input.
        output: JSONL; each answer is appended as it comes.
        concurrency: Questions at once.
        rules: Which tool calls are approved; what no rule approves and needs approval is refused.

    Raises:
        BatchError: A file cannot be read or written.
    """
    rows = list(_rows(_read(source)))
    _tell_apart(source, output)
    done = _done(output)
    errors = sum(done.values())
    todo = [row for row in rows if row.id not in done]
    with _open(output) as out, click.progressbar(length=len(rows), label="Answering", file=sys.stderr) as bar:
        bar.update(len(rows) - len(todo))
        async with build(settings) as assistant:
            async for result in _answers(assistant, todo, concurrency, rules):
                errors += "error" in result
                out.write(json.dumps(result, ensure_ascii=False) + "\n")
                out.flush()
                bar.update(1)
    return Summary(len(todo), len(rows) - len(todo), errors)


async def _answers(
    assistant: Assistant, rows: list[Row], concurrency: int, rules: Sequence[Rule]
) -> AsyncIterator[dict[str, Any]]:
    """Yields results as they come, with a fixed number of questions under way."""
    waiting = iter(rows)
    running: set[asyncio.Task[dict[str, Any]]] = set()
    try:
        while True:
            for row in waiting:
                running.add(asyncio.create_task(_answer(assistant, row, rules)))
                if len(running) >= concurrency:
                    break
            if not running:
                return
            finished, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _answer(assistant: Assistant, row: Row, rules: Sequence[Rule]) -> dict[str, Any]:
    if row.error:
        return {"id": row.id, "error": row.error}
    end = await assistant.ask(row.question, owner=OWNER, rules=rules)
    if isinstance(end, Answer):
        return {"id": row.id, **end.to_json()}
    return {"id": row.id, "error": end.message, "conversation": end.conversation}


def _tell_apart(source: Path, output: Path) -> None:
    if output.exists() and source.exists() and output.samefile(source):
        raise BatchError(f"{output} is the input; choose another output.")


def _read(source: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(source) == "-" else source.read_bytes()
    except OSError as error:
        raise BatchError(f"Cannot read {source}: {error.strerror}; check the path.") from error


def _rows(data: bytes) -> Iterator[Row]:
    parsed = [
        (number, *_parse(number, line))
        for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1)
        if line.strip()
    ]
    # A row without id gets its line's number, unless another row has that for its id.
    taken = {value["id"] for _, value, _ in parsed if isinstance(value.get("id"), str | int)}
    seen: set[str | int] = set()
    for number, value, error in parsed:
        row = Row(f"line {number}", "", error) if error else _row(number, value, taken)
        if row.id in seen:
            row = Row(f"line {number}", "", f"line {number}: the id {row.id!r} was used before; ids must differ")
        seen.add(row.id)
        yield row


def _parse(number: int, line: bytes) -> tuple[dict[str, Any], str]:
    """Returns a line's object, or an empty one and why it is none."""
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        return {}, f"line {number} is not encoded in UTF-8"
    except (ValueError, RecursionError) as error:
        return {}, f"line {number} is not valid JSON: {error}"
    if not isinstance(value, dict):
        return {}, f'line {number} must be an object such as {{"id": 1, "question": "…"}}'
    return value, ""


def _row(number: int, value: dict[str, Any], taken: set[str | int]) -> Row:
    identity = value.get("id", f"line {number}" if number in taken else number)
    if not isinstance(identity, str | int):
        return Row(f"line {number}", "", f"line {number}: id must be a text or a whole number")
    question = value.get("question")
    if not isinstance(question, str):
        return Row(identity, "", f"line {number} has no text under 'question'")
    return Row(identity, question)


def _done(output: Path) -> dict[str | int, bool]:
    """Returns the ids that the output holds, each with whether it is an error, and cuts off a torn last line."""
    if not output.exists():
        return {}
    try:
        data = output.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            output.write_bytes(whole)
    except OSError as error:
        raise BatchError(f"Cannot read {output}: {error.strerror}; choose another output.") from error
    done: dict[str | int, bool] = {}
    for number, line in enumerate(whole.split(b"\n")[:-1], 1):
        try:
            row = json.loads(line)
            done[row["id"]] = "error" in row
        except (ValueError, LookupError, TypeError):
            raise BatchError(f"{output}, line {number}, is no batch result; choose another output.") from None
    return done


def _open(output: Path) -> TextIO:
    try:
        return output.open("a", encoding="utf-8")
    except OSError as error:
        raise BatchError(f"Cannot write {output}: {error.strerror}; choose another output.") from error
