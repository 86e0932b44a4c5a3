"""Picture files: the words printed on them, and the pictures themselves, a page for each that a file holds."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from PIL import ImageOps

from index.errors import UnreadableFile
from index.read.budget import budget
from index.read.ocr import LONGEST_SIDE, Pages
from index.read.pdf_paragraphs import Line, page_paragraphs, page_text
from index.read.pictures import encoded, line_for, opened
from index.reasons import reason
from index.types import Box, Page, ReadDocument, ReadPicture
from index.types import Line as PlacedLine

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_FRAMES = 100
_WHOLE = Box(0.0, 0.0, 1.0, 1.0)


def read_picture(data: bytes, name: str) -> ReadDocument:
    """Read a picture; the title is the file's name.

    Raises:
        OSError: It is damaged or of a kind that is not read.
        ValueError: It has more pixels than a picture needs.
        UnreadableFile: It holds more pictures than there is time for.
    """
    with opened(data) as image, Pages() as pages:
        # The frames of a TIFF are the pages of a scan; those of a GIF are a film.
        frames = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        if frames > MOST_FRAMES:
            raise UnreadableFile(reason("many_pictures", frames=frames, most=MOST_FRAMES))
        found = [_begin(image, number, frames, data, pages) for number in range(frames)]
        texts = page_paragraphs([future.result() for _, future in found])
    read, pictures = [], []
    for number, (paragraphs, (picture, _)) in enumerate(zip(texts, found, strict=True)):
        above = line_for(name, "")
        words = page_text(paragraphs)
        text = f"{above}\n\n{words.text}" if words.text else above
        shift = len(text) - len(words.text)
        lines = tuple(PlacedLine(shift + one.start, shift + one.end, one.box) for one in words.lines)
        read.append(Page(number + 1 if frames > 1 else None, text, lines))
        pictures.append(ReadPicture(number, 0, len(text), *picture, name, _WHOLE))
    return ReadDocument(name, "picture", tuple(read), tuple(pictures))


_Shown = tuple[bytes, str, int, int]


def _begin(image: Image, number: int, frames: int, data: bytes, pages: Pages) -> tuple[_Shown, Future[list[Line]]]:
    """One frame as it is kept, and its words while they are being recognised."""
    if number:
        image.seek(number)
    one = encoded(image, data if frames == 1 else None)
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    future = pages.begin(upright)
    if future is None:
        raise UnreadableFile(reason("slow_pictures", frames=frames, done=number, seconds=budget().seconds))
    return (one.data, one.media_type, one.width, one.height), future
