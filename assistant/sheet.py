"""The data sheet of a library as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from assistant.terminal import size, visible
from index.inventory import Gap, Inventory

SHOWN = 10
"""Titles, tags and refused files of each kind that are named."""


def sheet(found: Inventory) -> str:
    """Returns what a library holds and what it lacks, a line each."""
    return "\n".join([*_holds(found), *_lacks(found)])


def _holds(found: Inventory) -> Iterator[str]:
    amounts = {name: getattr(found, name) for name in ("documents", "pages", "passages", "pictures")}
    yield ", ".join(f"{amount:,} {name}" for name, amount in amounts.items())
    if not found.documents:
        return
    yield f"size: {size(found.file_bytes)} of files, {found.characters:,} characters of text"
    yield f"added: {found.first} to {found.last}"
    yield f"kinds: {_counted(found.kinds)}"
    sampled = "" if found.sampled == found.documents else f", of a sample of {found.sampled:,}"
    yield f"languages: {_counted(found.languages)}{sampled}"
    yield f"tags: {_counted(found.tags) or 'none'}; {found.untagged:,} documents without any"
    yield "largest: " + ", ".join(visible(f"{title} ({size(large)})") for title, large in found.largest)


def _lacks(found: Inventory) -> Iterator[str]:
    if found.pages_without_text:
        yield f"pages without text: {found.pages_without_text:,}, in {_named(found.with_empty_pages)}"
    gaps = (
        ("documents of which nothing can be found", found.without_text),
        ("files that are not where they were", found.gone),
        ("documents that are the same as another", found.same),
    )
    for words, gap in gaps:
        if gap.count:
            yield f"{words}: {_named(gap)}"
    if found.refused:
        yield f"refused files: {len(found.refused):,}"
    for each in found.refused[:SHOWN]:
        yield visible(f"  {each.path}: {each.reason}")
    if found.pictures and found.pictures_note:
        yield f"pictures: {found.pictures_note}"


def _counted(counts: Mapping[str, int]) -> str:
    shown = [visible(f"{name} {count:,}") for name, count in list(counts.items())[:SHOWN]]
    return ", ".join([*shown, *([f"and {len(counts) - SHOWN} more"] if len(counts) > SHOWN else [])])


def _named(gap: Gap) -> str:
    titles = ", ".join(map(visible, gap.titles[:SHOWN]))
    return f"{gap.count:,} ({titles}{', …' if gap.count > SHOWN else ''})"
