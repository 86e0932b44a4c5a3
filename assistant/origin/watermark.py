"""An invisible mark that says of a picture that it was made here, for when its metadata has been stripped.

A tile of band-limited noise is laid over the picture's luminance, as strongly as what is there hides it, and found
again by folding the picture into one tile and correlating the phases of the two, at all shifts at once: JAWS, by
Kalker, Depovere, Haitsma and Maes, "A video watermarking system for broadcast monitoring", SPIE 3657, 1999. The tile's
size goes by the picture's smaller side, so that scaling the picture scales both.

The mark is the same for everybody and holds no message: it can be looked for on any machine, and imitated.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grid = NDArray[np.float32]

SMALLEST = 512  # pixels of the smaller side, from which on pictures are marked
SMALLEST_LOOKED_AT = 160
TILE, SIDE = 128, 256  # a tile, and a picture's smaller side, where the tile lies on it as it was made
LOW, HIGH = 8, 40  # cycles in a tile between which the noise lies: above most of a picture, below what JPEG drops
KEY = 20261130
FINE = 2  # the mark is shaped on a grid so many times as fine as `SIDE`
PLAIN, HIDDEN, MOST = 1.0, 0.16, 2.8  # deviation in levels of 255: on plain ground, for each level of activity, at most
SMOOTH = 3  # smaller than the waves of the mark: activity is what is finer
PLACE = 4.5  # deviations of chance from which on the mark is taken as found where an uncropped picture has it
ANYWHERE = 6.8  # likewise at any shift and scale
CROPPED = np.linspace(1, 0.89, 28)  # of the smaller side, what may be left
NEAR = 1  # cells by which rounded sizes may shift a tile
COLOURS = {"L": 1, "LA": 1, "RGB": 3, "RGBA": 3}  # channels of a mode that are marked
ENOUGH = 4.0  # of what is needed: a picture with a mark so strong is not marked again


def mark(picture: Image.Image) -> Image.Image:
    """Returns a picture with the mark in it; one that is too small, or has the mark already, is returned as it is.

    Args:
        picture: Of any mode; RGB and greyscale keep theirs, so does transparency.
    """
    if min(picture.size) < SMALLEST or next(strengths(picture)) > ENOUGH:
        return picture
    colours = picture if picture.mode in COLOURS else picture.convert("RGB")
    change = _resized(_shaped(colours.convert("L")), picture.size)
    levels = np.atleast_3d(np.asarray(colours)).copy()
    opaque = COLOURS[colours.mode]
    levels[..., :opaque] = np.clip(levels[..., :opaque] + np.rint(change)[..., None], 0, 255).astype(np.uint8)
    return Image.fromarray(levels.reshape(*change.shape, -1).squeeze(), colours.mode)


def is_marked(picture: Image.Image) -> bool:
    """Whether a picture has the mark, though it may have been scaled, compressed or cropped by a little."""
    return min(picture.size) >= SMALLEST_LOOKED_AT and any(found >= 1 for found in strengths(picture))


def strengths(picture: Image.Image) -> Iterator[float]:
    """Yields how strongly the mark is found, as multiples of what is needed: in its place, then at each scale.

    Args:
        picture: Of any mode and size.
    """
    flat = _flattened(picture)
    for left in CROPPED:
        width, height = (max(TILE // 2, round(side * SIDE * left / min(flat.shape))) for side in flat.shape[::-1])
        found = _correlated(_resized(flat, (width, height)))
        if left == 1:
            rolled = np.roll(found, (NEAR, NEAR), (0, 1))[: 2 * NEAR + 1, : 2 * NEAR + 1]
            yield float(rolled.max()) / PLACE
        yield float(found.max()) / ANYWHERE


@cache
def _waves() -> NDArray[np.complex64]:
    """The tile's spectrum: chance phases within a ring, nothing outside."""
    # The old generator, since numpy promises the same numbers from it for ever.
    phases = np.random.RandomState(KEY).uniform(0, 2 * np.pi, (TILE, TILE // 2 + 1))
    down, across = np.fft.fftfreq(TILE, 1 / TILE)[:, None], np.arange(TILE // 2 + 1)[None, :]
    radius = np.hypot(down, across)
    # The left column holds each wave twice.
    ring = (radius >= LOW) & (radius <= HIGH) & (across > 0)
    return np.where(ring, np.exp(1j * phases), 0).astype(np.complex64)


@cache
def _fine_tile() -> Grid:
    """The tile, ``FINE`` times as fine, with a deviation of 1."""
    side = TILE * FINE
    waves, upper = np.zeros((side, side // 2 + 1), np.complex64), TILE // 2
    # Pixels of a finer grid do not begin where those of the coarse one do.
    down, across = np.fft.fftfreq(TILE, 1 / TILE)[:, None], np.arange(upper + 1)[None, :]
    there = _waves() * np.exp(1j * np.pi * (down + across) * (1 / FINE - 1) / TILE)
    waves[:upper, : upper + 1], waves[-upper:, : upper + 1] = there[:upper], there[upper:]
    tile = np.fft.irfft2(waves, (side, side))
    even: Grid = (tile / tile.std()).astype(np.float32)
    return even


def _shaped(grey: Image.Image) -> Grid:
    """Returns the mark for a picture, in levels, on a grid whose smaller side is ``SIDE`` times ``FINE``."""
    width, height = (max(1, round(side * SIDE * FINE / min(grey.size))) for side in grey.size)
    there = np.asarray(grey.resize((width, height), Image.Resampling.BOX, reducing_gap=2), dtype=np.float32)
    down, across = (-(-side // _fine_tile().shape[0]) for side in (height, width))
    return np.tile(_fine_tile(), (down, across))[:height, :width] * _hideable(there)


def _hideable(there: Grid) -> Grid:
    """Returns how strong the mark may be at each place: more where much is going on, and not beside a lone edge."""
    from scipy import ndimage

    fine = np.abs(there - ndimage.gaussian_filter(there, SMOOTH))
    active = ndimage.minimum_filter(ndimage.uniform_filter(fine, 9), 13)
    strength: Grid = np.clip(PLAIN + HIDDEN * ndimage.gaussian_filter(active, 4), PLAIN, MOST)
    return strength


def _flattened(picture: Image.Image) -> Grid:
    """Returns a picture's fine detail, evened out so that no part of it outweighs the others."""
    from scipy import ndimage

    scale = min(1.0, 1.25 * SIDE / min(picture.size))
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    there = np.asarray(_grey(picture).resize(size, Image.Resampling.LANCZOS, reducing_gap=3), dtype=np.float32)
    detail = there - ndimage.gaussian_filter(there, 2.5)
    even: Grid = detail / (np.sqrt(ndimage.gaussian_filter(detail * detail, 4)) + 0.7)
    return even


def _grey(picture: Image.Image) -> Image.Image:
    return picture.convert("RGB").convert("L") if picture.mode in ("P", "CMYK", "RGBA", "LA") else picture.convert("L")


def _correlated(flat: Grid) -> Grid:
    """Returns, for each shift of the tile, by how many deviations of chance a picture agrees with it."""
    height, width = (-(-side // TILE) * TILE for side in flat.shape)
    whole = np.zeros((height, width), dtype=np.float32)
    whole[: flat.shape[0], : flat.shape[1]] = flat
    folded = whole.reshape(height // TILE, TILE, width // TILE, TILE).sum((0, 2))
    spectrum = np.fft.rfft2(folded)
    phases = spectrum / np.maximum(np.abs(spectrum), 1e-9)
    waves = _waves()
    agreed = np.fft.irfft2(phases * waves.conj(), (TILE, TILE))
    # Each wave adds a cosine of chance phase, whose square is 1/2 on average.
    deviations: Grid = (agreed * TILE * TILE / np.sqrt(2 * np.count_nonzero(waves))).astype(np.float32)
    return deviations


def _resized(values: Grid, size: tuple[int, int]) -> Grid:
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))
