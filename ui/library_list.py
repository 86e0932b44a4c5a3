"""The list of documents: searched, filtered, sorted, a page at a time; each with its tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from html import escape
from pathlib import Path
from typing import Any, cast, get_args

from index.filter import Filter
from index.listing import Entry, Facets, Listing, Sort, Wanted
from ui.language import Texts
from ui.library_uploads import facts

COUNT = 50
LONGEST_TEXT = 200
# Tags and folders that are offered as filters; who has more will rather search.
MOST_OPTIONS = 300
# Each with its text in the catalogue.
SORTS = {
    "title": "by_title",
    "-added": "by_newest",
    "added": "by_oldest",
    "-size": "by_size",
    "-pages": "by_pages",
    "kind": "by_kind",
}


def toolbar_html(facets: Facets, uploads: Path, library: str, t: Texts) -> str:
    """Returns what narrows and orders the list, with nothing chosen yet.

    Args:
        facets: What there is to choose from.
        uploads: Where uploaded files are kept, which means nothing to people.
        library: Its name; what was chosen for another one does not stay.
        t: What the page says.
    """
    kinds = _filter("kind", facets.kinds.items(), t)
    tags = _filter("tag", list(facets.tags.items())[:MOST_OPTIONS], t)
    folders = _filter("folder", list(folders_of(facets, uploads).items())[:MOST_OPTIONS], t)
    order = _select("sort", t("library.order"), [(value, t(f"library.{key}")) for value, key in SORTS.items()])
    pictures = t.html("library.pictures", n=t.number(facets.pictures))
    ticked = (
        f'<label class="tick"><input type="checkbox" name="pictures"> {pictures}</label>' if facets.pictures else ""
    )
    said = {name: t.html(f"library.{name}") for name in ("search", "search_hint", "since", "until", "clear", "tab")}
    return (
        f'<form class="toolbar" role="search" aria-label="{said["tab"]}" data-library="{escape(library)}">'
        f'<input type="search" class="search" name="text" maxlength="{LONGEST_TEXT}" '
        f'placeholder="{said["search_hint"]}" aria-label="{said["search"]}">{kinds}{tags}{folders}{order}'
        f'<label>{said["since"]} <input type="date" name="since"></label>'
        f'<label>{said["until"]} <input type="date" name="until"></label>{ticked}'
        f'<button type="reset">{said["clear"]}</button></form>'
    )


def folders_of(facets: Facets, uploads: Path) -> dict[str, int]:
    """Returns the folders as people know them, with how many documents were added from each."""
    counted: Counter[str] = Counter()
    for folder, count in facets.folders.items():
        counted[_known(Path(folder), uploads)] += count
    return dict(sorted(counted.items()))


def _known(folder: Path, uploads: Path) -> str:
    """A file lies in a folder of its own below the one that it was uploaded from."""
    return str(folder.parent if folder.is_relative_to(uploads) and folder != uploads else folder)


def read_wanted(sent: Any, before: Wanted) -> Wanted:
    """Reads what the page sent: a number turns to that page of the list, anything else narrows it anew.

    Args:
        sent: Has the fields of the toolbar, or a ``page`` from 0.
        before: What is shown.
    """
    page = getattr(sent, "page", None)
    if type(page) is int:
        return replace(before, start=max(0, min(page, 10**6)) * COUNT)
    sort = _text(sent, "sort")
    name = cast("Sort", sort.removeprefix("-"))
    only = Filter(
        kinds=_one(sent, "kind"),
        tags=_one(sent, "tag"),
        folders=_one(sent, "folder"),
        since=_day(sent, "since"),
        until=_day(sent, "until"),
    )
    known = name in get_args(Sort)
    return Wanted(
        _text(sent, "text"),
        only,
        getattr(sent, "pictures", None) is True,
        name if known else "title",
        known and sort.startswith("-"),
        count=COUNT,
    )


def listing_html(listing: Listing, wanted: Wanted, t: Texts) -> str:
    """Returns a page of the list."""
    if not listing.total:
        key = "nothing" if listing.held else "empty"
        samples = (
            "" if listing.held else f'<button type="button" data-action="samples">{t.html("newcomer.fill")}</button>'
        )
        return f'<div class="empty"><b>{t.html(f"library.{key}")}</b> {t.html(f"library.{key}_hint")} {samples}</div>'
    count = t.count("library.count", listing.total)
    if listing.total < listing.held:
        count = t("library.of", count=count, held=t.number(listing.held))
    rows = "".join(_row(entry, t) for entry in listing.entries)
    return f'<div class="documents"><h2>{escape(count)}</h2><ul>{rows}</ul>{_pager(listing, wanted, t)}</div>'


def _row(entry: Entry, t: Texts) -> str:
    document = entry.document
    name = Path(document.path).name
    tags = "".join(_tag(document.id, tag, t) for tag in document.tags)
    told = escape(f"{name} · {facts(document, t, entry.pictures)}")
    return (
        f'<li><span class="kind">{escape(document.kind)}</span><div><button type="button" class="open" '
        f'data-action="open" data-id="{document.id}">{escape(document.title)}</button><span class="facts">{told}</span>'
        f'<span class="tags">{tags}{_tagging(document.id, name, t)}</span></div>'
        f'<button type="button" class="delete" data-action="remove" data-id="{document.id}" '
        f'data-confirm="{t.html("library.remove_sure")}" aria-label="{t.html("library.remove_name", name=name)}">'
        f"{t.html('library.remove')}</button></li>"
    )


def _tag(number: int, tag: str, t: Texts) -> str:
    label = t.html("library.untag", tag=tag)
    return (
        f'<span class="tag">{escape(tag)}<button type="button" data-action="untag" data-id="{number}" '
        f'data-tag="{escape(tag)}" aria-label="{label}">×</button></span>'
    )


def _tagging(number: int, name: str, t: Texts) -> str:
    return (
        f'<details class="tagging"><summary>{t.html("library.add_tag")}</summary><input type="text" maxlength="50" '
        f'data-id="{number}" placeholder="{t.html("library.tag_hint")}" '
        f'aria-label="{t.html("library.tag_for", name=name)}"></details>'
    )


def _pager(listing: Listing, wanted: Wanted, t: Texts) -> str:
    if listing.total <= wanted.count:
        return ""
    page, last = wanted.start // wanted.count, (listing.total - 1) // wanted.count
    edges = wanted.start + 1, wanted.start + len(listing.entries), listing.total
    shown = t("library.range", **dict(zip(("first", "last", "total"), map(t.number, edges), strict=True)))
    before, after = _turn(page - 1, last, t("library.before")), _turn(page + 1, last, t("library.after"))
    label = t.html("library.pages_of_list")
    return f'<nav class="pager" aria-label="{label}">{before}<span>{escape(shown)}</span>{after}</nav>'


def _turn(page: int, last: int, words: str) -> str:
    off = "" if 0 <= page <= last else " disabled"
    return f'<button type="button" data-action="turn" data-id="{page}"{off}>{escape(words)}</button>'


def _filter(name: str, counts: Iterable[tuple[str, int]], t: Texts) -> str:
    label = t(f"library.{name}")
    rows = [(value, f"{_short(value)} ({t.number(count)})") for value, count in counts]
    return _select(name, label, [("", t("library.any", label=label)), *rows]) if rows else ""


def _select(name: str, label: str, options: Iterable[tuple[str, str]]) -> str:
    shown = "".join(f'<option value="{escape(value)}">{escape(words)}</option>' for value, words in options)
    return f'<select name="{name}" aria-label="{escape(label)}">{shown}</select>'


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_TEXT // 4 else "…" + name[-LONGEST_TEXT // 4 :]


def _text(sent: Any, name: str) -> str:
    value = getattr(sent, name, None)
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def _one(sent: Any, name: str) -> list[str]:
    value = getattr(sent, name, None)
    return [value] if isinstance(value, str) and value else []


def _day(sent: Any, name: str) -> date | None:
    try:
        return date.fromisoformat(_text(sent, name))
    except ValueError:
        return None
