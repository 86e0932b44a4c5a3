"""``assistant search``: passages, whole documents, or passages on each of several things."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from assistant import terminal

if TYPE_CHECKING:
    from index.filter import Filter
    from index.library import Library
    from index.types import DocumentHit, Hit, Passage


@dataclass(frozen=True, slots=True)
class Found:
    """Passages.

    Attributes:
        hits: Best first.
        context: The passages to be shown of each, itself among them.
        of: What they are about, where several things were asked for.
    """

    hits: Sequence[Hit]
    context: Sequence[Sequence[Passage]]
    of: str = ""


def run(
    library: Library, query: str, count: int, only: Filter, around: int, *, whole: bool, things: Sequence[str]
) -> list[Found] | list[DocumentHit]:
    """Searches as the options say.

    Args:
        library: Where.
        query: What for.
        count: How many passages, for each thing where there are several.
        only: Which documents.
        around: How many passages to show before and after each.
        whole: Whether documents are asked for.
        things: What each is to be heard of; empty where the query stands alone.
    """
    if whole and things:
        raise click.UsageError("--documents and --each cannot be used together.")
    if whole:
        return library.documents_about(query, only)
    if not things:
        return passages(library, library.search(query, count, only), around)
    found = library.search_each(things, query, count, only)
    return [one for hits, of in zip(found, things, strict=True) for one in passages(library, hits, around, of)]


def passages(library: Library, hits: Sequence[Hit], around: int, of: str = "") -> list[Found]:
    """Returns hits with what stands around them."""
    context = [library.neighbours(hit.passage.id, around, around) if around else [hit.passage] for hit in hits]
    return [Found(hits, context, of)]


def lets_nothing_through(library: Library, only: Filter) -> str:
    """Says that no document meets a filter; empty where one does, or there is nothing to filter by."""
    from index.filter import Filter
    from index.listing import Wanted

    if only == Filter() or library.listing(Wanted(only=only, count=0)).total:
        return ""
    return (
        "No document meets these options (--document, --folder, --kind, --tag, --since, --until); "
        "`assistant index list` shows what there is."
    )


def as_json(found: Sequence[Found] | Sequence[DocumentHit], count: int) -> str:
    """Returns a JSON list of at most ``count`` documents, or of all passages, each with what it is of."""
    rows = []
    for one in found:
        if not isinstance(one, Found):
            rows.append(terminal.document_row(one))
            continue
        about = {"of": one.of} if one.of else {}
        rows += [about | terminal.hit_row(*pair) for pair in zip(one.hits, one.context, strict=True)]
    return json.dumps(rows if found and isinstance(found[0], Found) else rows[:count], ensure_ascii=False)


def as_text(found: Sequence[Found] | Sequence[DocumentHit], count: int) -> str:
    """Returns the same for a terminal."""
    heard = [one for one in found if isinstance(one, Found)]
    if not heard:
        return terminal.documents_about([one for one in found if not isinstance(one, Found)], count)
    blocks = []
    for one in heard:
        head = click.style(f"== {one.of}\n\n", bold=True) if one.of else ""
        blocks.append(head + terminal.hits(one.hits, one.context))
    return "\n\n".join(blocks)
