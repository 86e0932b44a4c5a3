"""A document opened in the library: a page at a time, as a picture where it has one, and as text."""

from __future__ import annotations

from html import escape
from pathlib import Path

from index.library import Library
from index.types import Document, Passage
from ui.language import Texts
from ui.library_uploads import facts
from ui.sheet import Sheet, data_url, picture_sheet, sheet_html
from ui.text import shortened

LONGEST = 1400
"""Pixels of a page's picture."""
MOST_TEXT = 40_000
"""Characters of a page that has no picture: a novel in one page would make a phone wait."""
MOST_PICTURES = 6


def passage_of(library: Library, number: int, page: object, begins: str) -> Passage | None:
    """Returns the passage of a document that begins so; None where none does any more.

    Args:
        library: Where it is.
        number: The document's id.
        page: On which page; 0 where the format has none.
        begins: Its first words as the map shows them.
    """
    wanted = begins.removesuffix("…")
    there = (each for each in library.passages(number) if (each.page or 0) == page)
    return next((each for each in there if wanted and " ".join(each.text.split()).startswith(wanted)), None)


def preview_html(library: Library, number: int, place: int, t: Texts, passage: Passage | None = None) -> str:
    """Returns one page of a document.

    Args:
        library: Where it is.
        number: The document's id.
        place: Which of its pages, from 0; one that there is not is the nearest.
        t: What the page says.
        passage: What is marked, where it stands on that page.

    Raises:
        UnknownDocument: There is none of this id.
        LibraryError: The library cannot be read.
    """
    document, pages = library.document(number), library.page_numbers(number)
    place = max(0, min(place, len(pages) - 1))
    body = (
        _page(library, document, pages[place], t, passage)
        if pages
        else f'<p class="empty">{t.html("library.no_text")}</p>'
    )
    told = f"{Path(document.path).name} · {document.kind} · {facts(document, t)}"
    turner = _turner(place, pages, t)
    return (
        f'<section class="preview" data-document="{document.id}" aria-label="{escape(document.title)}">'
        f'<button type="button" data-action="close">{t.html("library.all")}</button>'
        f'<h2>{escape(document.title)}</h2><p class="facts">{escape(told)}</p>{turner}{body}{turner}</section>'
    )


def _turner(place: int, pages: list[int | None], t: Texts) -> str:
    if len(pages) <= 1:
        return ""
    number, page = pages[place] or place + 1, t.html("library.page")
    other = " " + t.html("library.numbered", n=number) if number != place + 1 else ""
    before = _turn(place - 1, "library.before", t, off=place == 0)
    after = _turn(place + 1, "library.after", t, off=place == len(pages) - 1)
    return (
        f'<nav class="pager" aria-label="{page}">{before}<label>{page} <input type="number" min="1" '
        f'max="{len(pages)}" value="{place + 1}" aria-label="{page}"> '
        f"{t.html('library.page_of', n=t.number(len(pages)))}{other}</label>{after}</nav>"
    )


def _turn(place: int, key: str, t: Texts, *, off: bool) -> str:
    state = " disabled" if off else ""
    return f'<button type="button" data-action="turn" data-id="{place}"{state}>{t.html(key)}</button>'


def _page(library: Library, document: Document, page: int | None, t: Texts, passage: Passage | None) -> str:
    text = library.page_text(document.id, page)
    marked = passage is not None and passage.page == page
    shown = _marked(text, passage, t) if passage and marked else escape(shortened(text, MOST_TEXT, t))
    shown = shown if text.strip() else t.html("library.no_text_here")
    look = library.page_picture(document.id, page, LONGEST)
    if look:
        boxes = library.boxes(document.id, page, passage.start, passage.end) if passage and marked else ()
        name = t("evidence.page_of", n=page, title=document.title)
        looks = [Sheet(data_url(look.media_type, look.data), name, tuple(boxes))]
    else:
        looks = [picture_sheet(library, one, t) for one in library.pictures(document.id, page)[:MOST_PICTURES]]
    pictures = "".join(map(sheet_html, looks))
    label, summary = t.html("library.text_of_page"), t.html("library.page_text")
    words = f'<div class="page-text" tabindex="0" role="region" aria-label="{label}">{shown}</div>'
    folded = look and not marked
    return f"{pictures}<details{'' if folded else ' open'}><summary>{summary}</summary>{words}</details>"


def _marked(text: str, passage: Passage, t: Texts) -> str:
    """The text with the passage marked; of a very long one a part that has the passage in it."""
    first = max(0, passage.start - MOST_TEXT // 2)
    before, after = text[first : passage.start], text[passage.end :]
    return (
        f"{'… ' if first else ''}{escape(before)}<mark>{escape(text[passage.start : passage.end])}</mark>"
        f"{escape(shortened(after, MOST_TEXT // 2, t))}"
    )
