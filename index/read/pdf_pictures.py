"""What PDF pages show beside text: where, cut out as a viewer shows it, and the caption beside it."""

from __future__ import annotations

import ctypes
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.read.pdf_paragraphs import Paragraph, around
from index.read.pictures import LONGEST_SIDE, Gallery
from index.types import Box

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfPage

ToBox = Callable[[float, float, float, float], Box]
"""From left, bottom, right and top in the page's own points to what a viewer shows."""

PAGE_PIXELS = 1600
"""The longest side of a page that is to be recognised: about 140 dots per inch of A4."""
_LEAST_SCALE = 1.5
_DEVICE = 1_000_000
_MOST_IMAGES = 300
_DEEPEST = 5
# Scanners and layout programs cut one picture into strips that touch.
_TOUCHING = 0.004
_CAPTION = re.compile(
    r"^(?:fig(?:ure|\.)?|abb(?:ildung|\.)?|bild|photo|foto|chart|diagram|map|plate|scheme|exhibit|图|圖|図)\s*[\dIVXA-Z]",
    re.I,
)
_CAPTION_WITHIN = 0.08


def to_box(page: PdfPage) -> ToBox:
    """What turns places on a page into boxes, its rotation and its crop taken into account."""
    import pypdfium2.raw as c

    x, y = ctypes.c_int(), ctypes.c_int()
    handle = page.raw

    def corner(across: float, up: float) -> tuple[float, float]:
        c.FPDF_PageToDevice(handle, 0, 0, _DEVICE, _DEVICE, 0, across, up, ctypes.byref(x), ctypes.byref(y))
        return x.value / _DEVICE, y.value / _DEVICE

    def convert(left: float, bottom: float, right: float, top: float) -> Box:
        (a, b), (d, e) = corner(left, bottom), corner(right, top)
        return _box(min(a, d), min(b, e), max(a, d), max(b, e))

    return convert


def _box(left: float, top: float, right: float, bottom: float) -> Box:
    return Box(*(round(min(max(edge, 0.0), 1.0), 5) for edge in (left, top, right, bottom)))


def area(box: Box) -> float:
    """The share of the page that a box covers."""
    return (box.right - box.left) * (box.bottom - box.top)


def has_drawings(page: PdfPage) -> bool:
    """Whether anything at all is drawn, such as letters that have been turned into curves."""
    return next(iter(page.get_objects(max_depth=1)), None) is not None


@dataclass(frozen=True, slots=True)
class Shown:
    """An image on a page, or several that touch.

    Attributes:
        box: Where.
        identity: The same for the same image shown again, at whatever size.
    """

    box: Box
    identity: bytes


def images(page: PdfPage) -> list[Shown]:
    """Returns the images on a page; none where a drawing is made of hundreds."""
    import pypdfium2 as pdfium
    import pypdfium2.raw as c

    place, found = to_box(page), list[Shown]()
    for image in page.get_objects(filter=[c.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST):
        bounds, around_it = image.get_bounds(), image.container
        while around_it is not None:
            bounds = pdfium.PdfObject.get_matrix(around_it).on_rect(*bounds)
            around_it = around_it.container
        box = place(*bounds)
        if area(box) > 0:
            found.append(Shown(box, hashlib.sha256(memoryview(image.get_data())).digest()))
        if len(found) > _MOST_IMAGES:
            return []
    return _merged(found)


def _merged(found: Sequence[Shown]) -> list[Shown]:
    merged = list[Shown]()
    for one in found:
        joined = one
        while near := [other for other in merged if _touch(other.box, joined.box)]:
            box = around([joined.box, *(other.box for other in near)])
            joined = Shown(box or joined.box, b"".join([*(other.identity for other in near), joined.identity]))
            merged = [other for other in merged if other not in near]
        merged.append(joined)
    return merged


def _touch(a: Box, b: Box) -> bool:
    across = min(a.right, b.right) - max(a.left, b.left)
    down = min(a.bottom, b.bottom) - max(a.top, b.top)
    return across > -_TOUCHING and down > -_TOUCHING


def rendered(page: PdfPage, longest: int = PAGE_PIXELS) -> Image:
    """A page as a viewer shows it, by default large enough to be recognised."""
    return _picture(page, longest / max(1.0, *page.get_size()), (0, 0, 0, 0))


def cropped(page: PdfPage, box: Box) -> Image:
    """A part of a page as a viewer shows it, with what lies over it, as sharp as what is in it."""
    width, height = page.get_size()
    longest = max((box.right - box.left) * width, (box.bottom - box.top) * height, 1.0)
    scale = min(max(_sharpness(page), _LEAST_SCALE), LONGEST_SIDE / longest)
    return _picture(
        page, scale, (box.left * width, (1 - box.bottom) * height, (1 - box.right) * width, box.top * height)
    )


def _sharpness(page: PdfPage) -> float:
    """The pixels per point of the sharpest image on a page."""
    import pypdfium2.raw as c

    best = 0.0
    for image in page.get_objects(filter=[c.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST):
        left, _, right, _ = image.get_bounds()
        if right > left:
            best = max(best, image.get_px_size()[0] / (right - left))
    return best


def _picture(page: PdfPage, scale: float, crop: tuple[float, float, float, float]) -> Image:
    bitmap = page.render(scale=scale, crop=crop, rev_byteorder=True)
    try:
        image: Image = bitmap.to_pil().convert("RGB").copy()
        return image
    finally:
        bitmap.close()


def place_pictures(page: list[Paragraph], pictures: Sequence[tuple[str, Box]], gallery: Gallery) -> None:
    """Puts the marks of pictures between the paragraphs, each below what stands above it, and tells their captions."""
    for mark, box in pictures:
        gallery.describe(mark, _caption(page, box))
        above = [place for place, one in enumerate(page) if one.box and _is_above(one.box, box)]
        page.insert(above[-1] + 1 if above else 0, Paragraph(mark, 0.0))


def _is_above(one: Box, box: Box) -> bool:
    return (one.top + one.bottom) / 2 < (box.top + box.bottom) / 2 and one.right > box.left and one.left < box.right


def _caption(page: Sequence[Paragraph], box: Box) -> str:
    """The nearest paragraph above or below that begins as captions do."""
    near = {
        paragraph.text: max(found.top - box.bottom, box.top - found.bottom)
        for paragraph in page
        if (found := paragraph.box) and _CAPTION.match(paragraph.text.lstrip("# "))
        if found.right > box.left and found.left < box.right
    }
    text = min(near, key=lambda one: abs(near[one]), default="")
    return text.lstrip("# ") if text and abs(near[text]) < _CAPTION_WITHIN else ""
