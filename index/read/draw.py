"""The picture of a page as a viewer shows it, on which the boxes of its lines can be marked."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import UnreadableFile
from index.read.dispatch import load
from index.read.pictures import LONGEST_SIDE, opened
from index.reasons import reason

if TYPE_CHECKING:
    from PIL.Image import Image

_PDF_WITHIN = 1024


def draw(path: Path, page: int, longest: int = 1600) -> bytes:
    """Draws a page of a PDF, or a picture file upright.

    Args:
        path: The file.
        page: From 1, as the pages are numbered that a reader hands over.
        longest: Pixels of the longest side.

    Returns:
        A PNG.

    Raises:
        UnreadableFile: It has no such page, or its kind has no pages that could be drawn.
    """
    data, size = load(path), min(max(longest, 1), LONGEST_SIDE)
    try:
        image = _pdf_page(data, page, size) if b"%PDF-" in data[:_PDF_WITHIN] else _picture(data, page, size)
    except (OSError, ValueError, RuntimeError) as error:
        raise UnreadableFile(reason("not_drawn")) from error
    packed = BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()


def _pdf_page(data: bytes, number: int, longest: int) -> Image:
    from index.read.pdf import opened_page
    from index.read.pdf_pictures import rendered

    with opened_page(data, number - 1) as page:
        if page is None:
            raise UnreadableFile(reason("no_page", page=number))
        return rendered(page, longest)


def _picture(data: bytes, number: int, longest: int) -> Image:
    from PIL import ImageOps

    with opened(data) as image:
        if not 1 <= number <= getattr(image, "n_frames", 1):
            raise UnreadableFile(reason("no_page", page=number))
        if number > 1:
            image.seek(number - 1)
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((longest, longest))
    return upright
