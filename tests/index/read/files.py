"""Files made for tests."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Mapping

from PIL import Image, ImageDraw


def zipped(files: Mapping[str, bytes | str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def picture(form: str = "PNG", size: tuple[int, int] = (160, 120), *, words: str = "", seed: int = 0) -> bytes:
    """A picture with blocks of colour, and words where there are any."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    if words:
        draw.text((20, 20), words, fill="black", font_size=28)
    else:
        colours = random.Random(seed)
        for left in range(0, size[0], 20):
            draw.rectangle((left, 10, left + 18, 90), fill=tuple(colours.randrange(256) for _ in range(3)))
    packed = io.BytesIO()
    image.save(packed, form)
    return packed.getvalue()
