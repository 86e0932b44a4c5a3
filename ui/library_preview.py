"""A document opened in the library: a page at a time, as a picture where it has one, and as text."""

from __future__ import annotations

from html import escape
from pathlib import Path

from index.library import Library
from index.types import Document
from ui.language import Texts
from ui.library_uploads import facts
from ui.sheet import Sheet, data_url, picture_sheet, sheet_html
from ui.text import shortened

LONGEST = 1400
"""Pixels of a page's picture."""
MOST_TEXT = 40_000
"""Characters of a page that has no picture: a novel in one page would make a phone wait."""
MOST_PICTURES = 6


def preview_html(library: Library, number: int, place: int, t: Texts) -> str:
    """Returns one page of a document.

    Args:
        library: Where it is.
        number: The document's id.
        place: Which of its pages, from 0; one that there is not is the nearest.
        t: What the page says.

    Raises:
        UnknownDocument: There is none of this id.
        LibraryError: The library cannot be read.
    """
    document, pages = library.document(number), library.page_numbers(number)
    place = max(0, min(place, len(pages) - 1))
    body = _page(library, document, pages[place], t) if pages else f'<p class="empty">{t.html("library.no_text")}</p>'
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


def _page(library: Library, document: Document, page: int | None, t: Texts) -> str:
    text = library.page_text(document.id, page)
    shown = escape(shortened(text, MOST_TEXT, t) if text.strip() else t("library.no_text_here"))
    look = library.page_picture(document.id, page, LONGEST)
    if look:
        looks = [Sheet(data_url(look.media_type, look.data), t("evidence.page_of", n=page, title=document.title))]
    else:
        looks = [picture_sheet(library, one, t) for one in library.pictures(document.id, page)[:MOST_PICTURES]]
    pictures = "".join(map(sheet_html, looks))
    label, summary = t.html("library.text_of_page"), t.html("library.page_text")
    words = f'<div class="page-text" tabindex="0" role="region" aria-label="{label}">{shown}</div>'
    return f"{pictures}<details{'' if look else ' open'}><summary>{summary}</summary>{words}</details>"
