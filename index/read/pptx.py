"""PowerPoint presentations: a page per slide, with its title, texts, tables, charts and notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from index.read.archive import check_document
from index.read.clean import CELL, clean, heading, not_headings, one_line, title_or
from index.read.pictures import Gallery
from index.types import Box, Page, ReadDocument

if TYPE_CHECKING:
    from pptx.slide import Slide

_MOST_NESTED = 20
_FOOTERS = ("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER")


def read_pptx(data: bytes, name: str) -> ReadDocument:
    """Read a .pptx file; the title is the one in its properties, else its first slide's, else the file's name.

    Raises:
        UnreadableFile: It unpacks to more than a presentation could need.
    """
    from pptx import Presentation

    check_document(data)
    presentation = Presentation(BytesIO(data))
    gallery = Gallery()
    size = float(presentation.slide_width or 1), float(presentation.slide_height or 1)
    slides = [slide for slide in presentation.slides if slide.element.get("show") != "0"]
    texts = ["\n\n".join(filter(None, _blocks(slide, gallery, size))) for slide in slides]
    pages, pictures = gallery.settle([Page(number, clean(text)) for number, text in enumerate(texts, start=1)])
    first = next((title for slide in slides if (title := _title(slide))), "")
    title = title_or(presentation.core_properties.title or "", first)
    title = first if title.lower() == "powerpoint presentation" else title
    return ReadDocument(title_or(title, name), "pptx", pages, pictures)


def _title(slide: Slide) -> str:
    shape = slide.shapes.title
    return one_line(shape.text_frame.text) if shape is not None and shape.has_text_frame else ""


def _blocks(slide: Slide, gallery: Gallery, size: tuple[float, float]) -> Iterator[str]:
    title = slide.shapes.title
    if text := _title(slide):
        yield heading(1, text)
    for shape in _flat(slide.shapes, 0):
        if title is None or shape.shape_id != title.shape_id:
            yield _shape(shape, gallery, size)
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) and notes.text.strip():
        yield not_headings(clean(notes.text))


def _flat(shapes: Iterable[Any], depth: int) -> Iterator[Any]:
    """The shapes in groups too, in the order in which a screen reader speaks them."""
    from pptx.enum.shapes import MSO_SHAPE_TYPE

    for shape in shapes:
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
            if depth < _MOST_NESTED:
                yield from _flat(shape.shapes, depth + 1)
        elif not (shape.is_placeholder and shape.placeholder_format.type.name in _FOOTERS):
            yield shape


def _shape(shape: Any, gallery: Gallery, size: tuple[float, float]) -> str:
    if getattr(shape, "has_table", False) and shape.has_table:
        rows = ([one_line(cell.text) for cell in row.cells] for row in shape.table.rows)
        return not_headings("\n".join(CELL.join(row).rstrip(" |") for row in rows if any(row)))
    if getattr(shape, "has_chart", False) and shape.has_chart:
        return _chart(shape.chart)
    if data := _picture(shape):
        return gallery.mark(data, _alternative(shape), _box(shape, size))
    if shape.has_text_frame:
        return not_headings(clean("\n".join(_paragraphs(shape.text_frame))))
    return ""


def _paragraphs(frame: Any) -> Iterator[str]:
    for paragraph in frame.paragraphs:
        text = one_line(paragraph.text)
        if text:
            yield "  " * paragraph.level + text if not paragraph.level else f"{'  ' * paragraph.level}- {text}"


def _chart(chart: Any) -> str:
    """The numbers behind a chart as the rows of a table."""
    lines = (
        [one_line(chart.chart_title.text_frame.text)] if chart.has_title and chart.chart_title.has_text_frame else []
    )
    for plot in chart.plots:
        series = list(plot.series)
        lines.append(CELL.join(["", *(one_line(str(one.name)) for one in series)]))
        for place, category in enumerate(plot.categories):
            values = (one.values[place] if place < len(one.values) else None for one in series)
            lines.append(CELL.join([one_line(str(category)), *("" if v is None else f"{v:.15g}" for v in values)]))
    return not_headings("\n".join(lines))


def _picture(shape: Any) -> bytes | None:
    try:
        return bytes(shape.image.blob)
    except (AttributeError, KeyError, ValueError):  # no picture, or one that is only linked to
        return None


def _alternative(shape: Any) -> str:
    found = shape.element.xpath(".//p:cNvPr/@descr")
    return str(found[0]) if found else ""


def _box(shape: Any, size: tuple[float, float]) -> Box | None:
    if None in (shape.left, shape.top, shape.width, shape.height):
        return None
    right, bottom = shape.left + shape.width, shape.top + shape.height
    edges = shape.left / size[0], shape.top / size[1], right / size[0], bottom / size[1]
    return Box(*(round(min(max(edge, 0.0), 1.0), 5) for edge in edges))
