"""What a quote looks like: its page with the quote highlighted on it, or the picture that it stands for."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant.attachments import Held
from assistant.events import Answer, Citation
from index.errors import LibraryError
from index.library import Library
from index.types import Box, Document, Picture
from ui.artifacts import Publish, ShownArtifact, published
from ui.language import Texts, texts

LONGEST = 1200
"""Pixels of a page: sharp enough to be read, small enough to travel with the panel."""
MOST = 4
_SUFFIX = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
_WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture in the panel.

    Attributes:
        url: The picture itself as a data URL, so that nobody but who was sent the panel can fetch it.
        name: What it shows, for those who cannot see it.
        boxes: What is highlighted on it.
    """

    url: str
    name: str
    boxes: tuple[Box, ...] = ()


def sheets(library: Library, document: Document, citation: Citation, t: Texts) -> tuple[Sheet, ...]:
    """Draws the page of a quote, or gets the pictures that it stands for where its format has no pages to draw.

    Args:
        library: Where the document is.
        document: As it is now.
        citation: The quote, which must still stand there.
        t: What the page says.
    """
    where = document.id, citation.page, citation.start, citation.end
    held = library.pictures(*where)
    if page := library.page_picture(document.id, citation.page, LONGEST):
        boxes = library.boxes(*where) or tuple(one.box for one in held if one.box and one.box != _WHOLE)
        key = "evidence.page_of" if citation.page else "evidence.picture_of"
        name = t(key, n=citation.page, title=document.title)
        return (Sheet(data_url(page.media_type, page.data), name, boxes),)
    return tuple(picture_sheet(library, one, t) for one in held[:MOST])


def picture_sheet(library: Library, picture: Picture, t: Texts) -> Sheet:
    """Returns a picture of a document."""
    data = library.picture_data(picture.id)
    return Sheet(data_url(picture.media_type, data), picture.caption or t("evidence.picture"))


def sheet_html(sheet: Sheet) -> str:
    """Returns the picture with its boxes."""
    spots = "".join(_spot(box) for box in sheet.boxes)
    return (
        f'<div class="sheet" tabindex="0" role="region" aria-label="{escape(sheet.name)}"><div>'
        f'<img src="{sheet.url}" alt="{escape(sheet.name)}">{spots}</div></div>'
    )


def named_pictures(held: Held, answer: Answer) -> list[tuple[Citation, Library, Picture]]:
    """Returns the pictures that an answer names, each with the citation that names it and its library."""
    found = {
        (id(library), picture.id): (citation, library, picture) for citation, library, picture in _named(held, answer)
    }
    return list(found.values())[:MOST]


def cited_pictures(held: Held, answer: Answer, publish: Publish, t: Texts | None = None) -> list[ShownArtifact]:
    """Gets the pictures that an answer names ready to be shown in it.

    Args:
        held: Gives the library of each document.
        answer: The answer.
        publish: Copies a file to where the page may fetch it.
        t: What the page says; None is English.
    """
    t = t or texts()
    return [_shown(library, cited.n, one, publish, t) for cited, library, one in named_pictures(held, answer)]


def _named(held: Held, answer: Answer) -> Iterator[tuple[Citation, Library, Picture]]:
    """The pictures whose caption is quoted; words in a picture, such as a scan, may be quoted for their own sake."""
    for citation in answer.citations:
        library = held(citation.document)
        if (document := library.at_path(citation.document)) is None:
            continue
        number = document.id
        for picture in library.pictures(number, citation.page, citation.start, citation.end):
            line = library.page_text(number, citation.page)[picture.start : picture.end].partition("\n")[0]
            label = line.partition("]")[0] if picture.caption else line
            if citation.start < picture.start + len(label):
                yield citation, library, picture


def _shown(library: Library, n: int, picture: Picture, publish: Publish, t: Texts) -> ShownArtifact:
    name = f"[{n}] {picture.caption or t('evidence.picture')}"
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"picture-{picture.id}{_SUFFIX[picture.media_type]}"
            path.write_bytes(library.picture_data(picture.id))
            return published(name, "picture", path, publish)
    except (LibraryError, OSError) as error:
        return ShownArtifact(name, "picture", problem=t("evidence.picture_gone", error=error))


def data_url(media_type: str, data: bytes) -> str:
    """Returns a picture as an address that holds it."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def _spot(box: Box) -> str:
    left, top, width, height = box.left, box.top, box.right - box.left, box.bottom - box.top
    return f'<span class="spot" style="left:{left:.2%};top:{top:.2%};width:{width:.2%};height:{height:.2%}"></span>'
