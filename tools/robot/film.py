"""Pictures into films and pairs."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from .studio import Pixels, encoded

RATE = 12.5  # pictures for each simulated second
CODECS = ("libx264", "h264", "libopenh264", "mpeg4")
MARGIN = 16


def film(frames: Sequence[Pixels], rate: float = RATE) -> bytes:
    """Returns frames, each height by width by 3 bytes, as an MP4 that browsers play."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        codec = next(name for name in CODECS if name in av.codecs_available)
        stream = container.add_stream(codec, rate=round(rate))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def pair(before: Pixels, after: Pixels) -> bytes:
    """Returns a PNG with two pictures beside each other."""
    height, width = before.shape[:2]
    whole = Image.new("RGB", (2 * width + 4, height + MARGIN), "white")
    draw = ImageDraw.Draw(whole)
    for at, (word, pixels) in enumerate((("before", before), ("after", after))):
        whole.paste(Image.fromarray(np.ascontiguousarray(pixels)), (at * (width + 4), MARGIN))
        draw.text((at * (width + 4) + 4, 2), word, fill="black")
    return encoded(np.asarray(whole))
