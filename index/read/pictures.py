"""Pictures of documents: which are worth keeping, in which form, and the line that stands for each in the text.

A reader writes a mark where a picture stands. When the text is final the marks become lines that can be found and
cited like any others.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import TYPE_CHECKING

from index.read.budget import budget
from index.read.clean import one_line
from index.types import Box, Line, Page, ReadPicture

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF")
MOST_PIXELS = 100_000_000
"""Of a picture that is opened; four bytes each, in a process that may have a gigabyte."""
LONGEST_SIDE = 2048
"""Pixels; larger pictures are made smaller, as models that see do by themselves."""
_MOST_BYTES = 4_000_000
_MOST_PICTURES = 500
_MOST_BYTES_IN_ALL = 100_000_000
# Less is a bullet, a line or an icon.
_SHORTEST_SIDE, _LEAST_AREA = 40, 10_000
_LEAST_CONTRAST = 4
_LONGEST_CAPTION = 500
_KEPT = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
_OPAQUE = ("RGB", "L")
_MARK, _END = "\U000f0000", "\U000f0001"
_MARKS = re.compile(f"{_MARK}(\\d{{1,6}}){_END}")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture in a form that browsers and models take.

    Attributes:
        data: The encoded picture.
        media_type: Its kind.
        width: Pixels.
        height: Pixels.
    """

    data: bytes
    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Found:
    picture: Encoded
    caption: str
    box: Box | None
    words: str


@dataclass(slots=True)
class Gallery:
    """The pictures of a document while its text is being written."""

    _found: list[_Found] = field(default_factory=list)
    _seen: set[bytes] = field(default_factory=set)
    _bytes: int = 0
    _recognise: bool = True

    def mark(self, data: bytes, caption: str = "", box: Box | None = None) -> str:
        """Takes a picture.

        Args:
            data: In any of ``FORMATS``.
            caption: Its caption or alternative text.
            box: Where it stands on its page.

        Returns:
            What to write where it stands; empty for one that is damaged, tiny, blank or was there before.
        """
        if not self._is_new(data):
            return ""
        try:
            with opened(data) as image:
                return self._take(image, data, caption, box)
        except MemoryError:
            raise
        except Exception:  # a damaged picture does not spoil the document around it
            return ""

    def mark_image(self, image: Callable[[], Image], identity: bytes, box: Box | None = None) -> str:
        """As ``mark``, with a picture that is yet to be drawn, which is done only for one that was not there before."""
        return self._take(image(), None, "", box) if self._is_new(identity) else ""

    def _is_new(self, data: bytes) -> bool:
        digest, known = hashlib.sha256(data).digest(), len(self._seen)
        self._seen.add(digest)
        full = len(self._found) >= _MOST_PICTURES or self._bytes >= _MOST_BYTES_IN_ALL
        return len(self._seen) > known and not full

    def _take(self, image: Image, data: bytes | None, caption: str, box: Box | None) -> str:
        if min(image.size) < _SHORTEST_SIDE or image.width * image.height < _LEAST_AREA:
            return ""
        picture = encoded(image, data)
        if _is_blank(image):
            return ""
        words = recognised_words(image) if self._recognise and budget().take_picture() else ""
        self._found.append(_Found(picture, one_line(caption)[:_LONGEST_CAPTION], box, words))
        self._bytes += len(picture.data)
        return f"{_MARK}{len(self._found) - 1}{_END}"

    def describe(self, mark: str, caption: str) -> None:
        """Gives a picture that was taken its caption."""
        if found := _MARKS.fullmatch(mark):
            index = int(found[1])
            self._found[index] = replace(self._found[index], caption=one_line(caption)[:_LONGEST_CAPTION])

    @contextmanager
    def words(self, *, wanted: bool) -> Iterator[None]:
        """Takes pictures whose words are wanted, or stand in the text already."""
        self._recognise = wanted
        try:
            yield
        finally:
            self._recognise = True

    def settle(self, pages: Sequence[Page]) -> tuple[tuple[Page, ...], tuple[ReadPicture, ...]]:
        """Turns the marks in the pages' texts into lines.

        Args:
            pages: With marks in their texts, and final otherwise.

        Returns:
            The pages, and their pictures in the order of the text.
        """
        settled, pictures, left = list[Page](), list[ReadPicture](), set(range(len(self._found)))
        for number, page in enumerate(pages):
            text, last, shifts = "", 0, [(0, 0)]
            for match in _MARKS.finditer(page.text):
                text += page.text[last : match.start()]
                last, index = match.end(), int(match[1])
                if index in left:
                    left.remove(index)
                    pictures.append(_placed(self._found[index], number, len(text)))
                    text += line_for(self._found[index].caption, self._found[index].words)
                shifts.append((last, len(text) - last))
            settled.append(Page(page.number, text + page.text[last:], tuple(_shifted(page.lines, shifts))))
        return tuple(settled), tuple(pictures)


def _shifted(lines: Sequence[Line], shifts: Sequence[tuple[int, int]]) -> Iterator[Line]:
    """Lines after a text has grown or shrunk behind certain characters."""
    for line in lines:
        shift = shifts[bisect_right(shifts, line.start, key=lambda pair: pair[0]) - 1][1]
        yield Line(line.start + shift, line.end + shift, line.box)


def recognised_words(image: Image) -> str:
    """The words in a picture as one line."""
    from index.read.ocr import words

    return words(image)


def line_for(caption: str, words: str) -> str:
    """The line that stands for a picture."""
    return " ".join(filter(None, (f"[Picture: {caption}]" if caption else "[Picture]", words)))


def _placed(found: _Found, page: int, start: int) -> ReadPicture:
    one, end = found.picture, start + len(line_for(found.caption, found.words))
    return ReadPicture(page, start, end, one.data, one.media_type, one.width, one.height, found.caption, found.box)


@contextmanager
def opened(data: bytes) -> Iterator[Image]:
    """Opens a picture, which is decoded when it is first looked at.

    Pillow's own guard against bombs stands at 179 million pixels and comes first for those.

    Raises:
        OSError: It is none, or damaged.
        ValueError: It has more pixels than a picture needs.
    """
    from PIL import Image

    _register_heif()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damaged metadata, and of sizes that are checked below
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValueError(f"it has {image.width * image.height / 1e6:,.0f} million pixels")
            yield image


def encoded(image: Image, data: bytes | None = None) -> Encoded:
    """A picture as PNG or JPEG, upright and not larger than ``LONGEST_SIDE``; as it is where it is that already.

    Args:
        image: The picture.
        data: What it was opened from.
    """
    from PIL import ImageOps

    media_type = _KEPT.get(image.format or "")
    upright = image.getexif().get(0x0112, 1) == 1
    small = max(image.size) <= LONGEST_SIDE and (data is None or len(data) <= _MOST_BYTES)
    if data and media_type and upright and small and image.mode != "CMYK":
        image.load()  # a damaged one must not be kept
        return Encoded(data, media_type, image.width, image.height)
    lossless = image.mode in ("1", "P", "LA", "RGBA", "PA", "I;16") or image.format in ("PNG", "GIF")
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    turned = ImageOps.exif_transpose(image)
    turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return _written(turned, lossless)


def _written(image: Image, lossless: bool) -> Encoded:
    alpha = image.mode in ("LA", "RGBA", "PA") or (image.mode == "P" and "transparency" in image.info)
    plain = image if image.mode in _OPAQUE else image.convert("RGBA" if alpha else "RGB")
    packed = BytesIO()
    if lossless or alpha:
        plain.save(packed, "PNG")
        if packed.tell() <= _MOST_BYTES or alpha:
            return Encoded(packed.getvalue(), "image/png", *plain.size)
        packed = BytesIO()
    plain.save(packed, "JPEG", quality=90)
    return Encoded(packed.getvalue(), "image/jpeg", *plain.size)


def _is_blank(image: Image) -> bool:
    small = image.convert("L")
    small.thumbnail((64, 64))
    low, high = small.getextrema()
    return bool(high - low < _LEAST_CONTRAST)  # type: ignore[operator]


def _register_heif() -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener()
