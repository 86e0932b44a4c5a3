"""Events, hits and lists as lines of a terminal."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from assistant.events import (
    Answer,
    ApprovalNeeded,
    End,
    EngineProgress,
    Event,
    Failed,
    ReasoningDelta,
    TextDelta,
    ToolFinished,
    ToolProgress,
    Usage,
)
from index.types import Document, DocumentHit, Hit, Passage, Picture

if TYPE_CHECKING:
    from assistant.toolbox import Toolbox
    from index.status import Status

MAX_SHOWN = 200
LIKELY, POSSIBLE = 0.7, 0.4
# What a text of several lines may hold besides printable characters.
LINES = "\n\t"
# Marks that change in which direction what follows is written.
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def visible(text: str, kept: str = "") -> str:
    """Returns a text with what a terminal would obey written out: a name from outside must not recolour the screen.

    Args:
        text: From a file, its name, or a model.
        kept: Characters that stay as they are all the same.
    """
    return "".join(
        each.encode("unicode_escape").decode() if _obeyed(each) and each not in kept else each for each in text
    )


def _obeyed(char: str) -> bool:
    """Whether a terminal does something at a character, such as moving or turning the text round."""
    return unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs") or char in TURNS


async def show(events: AsyncIterator[Event]) -> End:
    """Prints a turn as it happens and returns its end, or where it waits."""
    streamed, thinking = "", False
    async for event in events:
        if thinking and not isinstance(event, ReasoningDelta):
            click.echo(err=True)
        thinking = isinstance(event, ReasoningDelta)
        match event:
            case TextDelta(text):
                click.echo(visible(text, LINES), nl=False)
                streamed += text
            case Answer() | Failed() | ApprovalNeeded():
                if streamed:
                    click.echo()
                _show_end(event)
                return event
            case _:
                _show_beside(event)
    raise AssertionError("a turn ends with Answer or Failed")


def _show_beside(event: Event) -> None:
    """Shows on standard error what is no part of the answer."""
    match event:
        case ReasoningDelta(text):
            click.secho(visible(text, LINES), nl=False, dim=True, err=True)
        case EngineProgress():
            told = f"The model: {event}" if event.loading else str(event)
            click.secho(f"  {visible(told, LINES)}", dim=True, err=True)
        case ToolProgress(message=message):
            click.secho(f"  {message}", dim=True, err=True)
        case ToolFinished(call):
            arguments = ", ".join(f"{key}={value!r}" for key, value in call.arguments.items())
            sign = "✓" if call.ok else "✗"
            line = f"{sign} {call.name}({arguments}) → {_short(call.result)} ({call.seconds:.2f} s)"
            click.secho(line, dim=True, err=True)


def _show_end(end: End) -> None:
    if isinstance(end, Answer):
        click.echo(ending(end))
    elif isinstance(end, Failed):
        click.secho(f"Error: {end.message}", fg="red", err=True)


def ending(answer: Answer) -> str:
    """Returns what stands below an answer: sources, doubts, who answered and how sure."""
    lines = [""]
    for citation in answer.citations:
        page = f", page {citation.page}" if citation.page else ""
        lines.append(visible(f"[{citation.n}] {citation.title}{page}: “{' '.join(citation.quote.split())}”"))
    lines += [visible(f"[!] no source found for: {sentence}") for sentence in answer.unsupported]
    lines += [visible(f"[file] {artifact.path}") for artifact in answer.artifacts]
    lines += [visible(f"[note] {note}") for note in answer.notes]
    sure = "" if answer.about_itself else f"{sureness(answer)} ({answer.confidence:.2f}); "
    took = f"{answer.seconds:.1f} s{_took(answer.usage) if answer.usage else ''}"
    lines.append(f"— {answer.engine}; {sure}{took}; conversation {answer.conversation}")
    return "\n".join(lines)


def _took(usage: Usage) -> str:
    told = []
    if usage.prompt_tokens is not None and usage.completion_tokens is not None:
        cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens else ""
        told.append(f"{usage.prompt_tokens:,} tokens in{cached}, {usage.completion_tokens:,} out")
    if usage.first_token_seconds is not None:
        told.append(f"first after {usage.first_token_seconds:.2f} s")
    if usage.tokens_per_second is not None:
        told.append(f"{usage.tokens_per_second:.1f} tokens/s")
    return "".join(f", {each}" for each in told)


def sureness(answer: Answer) -> str:
    """Returns the confidence as a word."""
    if answer.abstained:
        return "not found"
    if answer.confidence >= LIKELY:
        return "likely right"
    return "possibly right" if answer.confidence >= POSSIBLE else "unsure"


def hit_row(hit: Hit, context: Sequence[Passage]) -> dict[str, Any]:
    """Returns a hit as ``search --json`` prints it, with the passages around it."""
    passage, document = hit.passage, hit.document
    return {
        "document": document.path,
        "title": document.title,
        "page": passage.page,
        "start": passage.start,
        "end": passage.end,
        "heading": passage.heading,
        "text": passage.text,
        "score": hit.score,
        "dense": hit.dense,
        "lexical": hit.lexical,
        "reranked": hit.reranked,
        "alike": hit.alike,
        "visual": hit.visual,
        "boxes": [asdict(box) for box in hit.boxes],
        "pictures": [asdict(picture) for picture in hit.pictures],
        "around": [{"page": each.page, "text": each.text} for each in context if each.id != passage.id],
    }


def hits(found: Sequence[Hit], context: Sequence[Sequence[Passage]]) -> str:
    """Returns hits as text, each with its place and its scores, and with the passages that are to be shown of it."""
    if not found:
        return "Nothing found; `assistant index status` tells what the library holds."
    blocks = []
    for number, (hit, shown) in enumerate(zip(found, context, strict=True), 1):
        page = f", page {hit.passage.page}" if hit.passage.page else ""
        again = "" if hit.reranked is None else f", second look {hit.reranked:.3f}"
        again += "" if hit.alike is None else f", its like {hit.alike:.3f}"
        again += "" if hit.visual is None else f", looks {hit.visual:.3f}"
        scores = f"score {hit.score:.3f} from meaning {hit.dense:.3f}, words {hit.lexical:.3f}{again}"
        head = click.style(visible(f"{number}. {hit.document.title}{page}"), bold=True)
        lines = [*(visible(passage.text, LINES) for passage in shown), *map(_picture, hit.pictures)]
        blocks.append(f"{head}  ({scores})\n" + "\n".join(lines))
    return "\n\n".join(blocks)


def _picture(picture: Picture) -> str:
    size = f"{picture.width}×{picture.height}, {picture.media_type}"
    return click.style(visible(f"  picture {picture.id}: {picture.caption or 'without a caption'} ({size})"), dim=True)


def document_row(found: DocumentHit) -> dict[str, Any]:
    """Returns a document as ``search --documents --json`` prints it, with its best passages."""
    document = found.document
    return {
        "document": document.path,
        "title": document.title,
        "kind": document.kind,
        "pages": document.pages,
        "score": found.score,
        "passages": found.passages,
        "best": [hit_row(hit, ()) for hit in found.best],
    }


def documents_about(found: Sequence[DocumentHit], count: int) -> str:
    """Returns the first documents as text, each with the number of passages that speak for it and the best of them."""
    if not found:
        return "No document is about this; `assistant index list` tells what the library holds."
    blocks = [f"{len(found)} documents are about this." if len(found) > 1 else "1 document is about this."]
    for number, one in enumerate(found[:count], 1):
        head = click.style(visible(f"{number}. {one.document.title}"), bold=True)
        many = f"{one.passages} of {one.document.passages} passages, score {one.score:.3f}"
        blocks.append(f"{head}  ({many})\n{visible(one.document.path)}\n{visible(_short(one.best[0].passage.text))}")
    return "\n\n".join(blocks)


def documents(found: Sequence[Document]) -> str:
    """Returns the documents as a table."""
    if not found:
        return "The library is empty; add documents with `assistant index add FOLDER`."
    rows = [
        tuple(map(visible, (str(d.id), d.kind, str(d.pages), str(d.passages), ", ".join(d.tags), d.title, d.path)))
        for d in found
    ]
    head = ("number", "kind", "pages", "passages", "tags", "title", "path")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in (head, *rows)
    )


def status(found: Status) -> str:
    """Returns the state of the library, a line each."""
    cached = "ready for the next start" if found.vectors_cached else "read from the store at the next start"
    return "\n".join(
        [
            f"folder: {visible(found.folder)}",
            f"documents: {found.documents:,}",
            f"passages: {found.passages:,}",
            f"size on disk: {size(found.bytes)}",
            f"embedded by: {visible(found.embedder)}, {found.dimensions} numbers each",
            f"index of vectors: {cached}",
        ]
    )


def size(size: int) -> str:
    """Returns a number of bytes as people read it."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{max(1, size // 1000):,} kB"  # noqa: PLR2004 — a megabyte


def as_json(value: Any) -> str:
    """Returns a dataclass or a list of them as JSON."""
    rows = [asdict(item) for item in value] if isinstance(value, list) else asdict(value)
    return json.dumps(rows, ensure_ascii=False, default=str)


def toolbox(found: Toolbox) -> str:
    """Returns the tools with their first line, then those that this machine lacks something for, then broken files."""
    lines = [
        f"{click.style(tool.name, bold=True)}: {tool.description.splitlines()[0]}\n    {tool.source}"
        for tool in found.tools.values()
    ]
    lines += [f"[absent] {name}: {reason}" for name, reason in found.absent.items()]
    return "\n".join([*lines, *(f"[broken] {reason}" for reason in found.broken.values())])


def toolbox_json(found: Toolbox) -> str:
    """Returns the same as JSON."""
    tools = [
        {"name": t.name, "description": t.description, "parameters": t.parameters, "source": str(t.source)}
        for t in found.tools.values()
    ]
    refused = {"absent": dict(found.absent), "broken": dict(found.broken)}
    return json.dumps({"tools": tools, **refused}, ensure_ascii=False)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
