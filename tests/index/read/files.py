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
    """A picture that fades from one colour to another, with words where there are any."""
    image = Image.new("RGB", size, "white")
    if words:
        ImageDraw.Draw(image).text((20, 20), words, fill="black", font_size=28)
    else:
        chance = random.Random(seed)
        colours = [Image.new("RGB", size, tuple(chance.randrange(256) for _ in range(3))) for _ in range(2)]
        image = Image.composite(*colours, Image.linear_gradient("L").resize(size))
    packed = io.BytesIO()
    image.save(packed, form)
    return packed.getvalue()
