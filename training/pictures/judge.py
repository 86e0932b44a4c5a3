"""Finds the shapes in a picture with their colours and places; knows nothing of the model that made it.

The background is what most of the border shows. What differs from it falls into connected pieces, each piece into its
colours; then each shape, brought to the piece's size and middle, is laid over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from training.pictures.scene import COLOURS, SHAPES, Place
from training.pictures.shapes import HOLE, outline

Mask = NDArray[np.bool_]
Pixels = NDArray[np.float32]
DIFFERS = 45.0  # distance from the background's colour, of 441
LEAST = 0.004  # a piece smaller than this share of the picture is dirt
FITS = 0.62  # overlap, intersection over union, below which a piece is no shape
BLURS = (0.0, 0.6, 1.0, 1.5)  # of the outlines that are compared, in pixels
SMOOTH = 4
MARGIN = 6  # pixels around a piece that are compared too
APART = 0.1  # of the side: how far apart two things stand at least for the one to be left of the other


@dataclass(frozen=True, slots=True)
class Found:
    """A shape in a picture.

    Attributes:
        shape: One of ``SHAPES``; ``unclear`` where none fits.
        colour: The nearest of ``COLOURS``.
        x: Centre, as a share of the width from the left.
        y: Centre, as a share of the height from the top.
        fit: Overlap with the shape's outline, 0 to 1.
    """

    shape: str
    colour: str
    x: float
    y: float
    fit: float


def find(picture: Image.Image) -> list[Found]:
    """Returns what stands in a picture, the largest first."""
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float32)
    behind = _border(pixels)
    away = np.linalg.norm(ndimage.median_filter(pixels, size=(3, 3, 1)) - behind, axis=-1)
    pieces, count = ndimage.label(away > DIFFERS, np.ones((3, 3)))
    least = LEAST * away.size
    found = [
        _found(part, pixels, behind, away)
        for number in range(1, count + 1)
        for part in _parts(pieces == number, pixels, away, least)
    ]
    return [each for _, each in sorted(found, key=lambda pair: -pair[0])]


def _border(pixels: Pixels) -> Pixels:
    edge = np.concatenate([pixels[:2].reshape(-1, 3), pixels[-2:].reshape(-1, 3), *(pixels[:, at] for at in (0, -1))])
    middle: Pixels = np.median(edge, axis=0)
    return middle


def _parts(piece: Mask, pixels: Pixels, away: Pixels, least: float) -> list[Mask]:
    """Splits a piece where two things of different colours touch."""
    if piece.sum() < least:
        return []
    core = piece & (away > 0.6 * np.quantile(away[piece], 0.9))
    palette = np.array(list(COLOURS.values()), dtype=np.float32)
    nearest = np.linalg.norm(pixels[:, :, None] - palette, axis=-1).argmin(-1)
    parts = []
    for colour in np.unique(nearest[core]):
        labels, count = ndimage.label(ndimage.binary_opening(core & (nearest == colour), np.ones((3, 3))))
        parts += [labels == each for each in range(1, count + 1) if (labels == each).sum() >= 0.25 * core.sum()]
    parts = [part for part in parts if part.sum() >= least / 2]
    return parts if len(parts) > 1 else [piece]


def _found(piece: Mask, pixels: Pixels, behind: Pixels, away: Pixels) -> tuple[float, Found]:
    core = piece & (away >= np.quantile(away[piece], 0.6))
    colour = np.median(pixels[core], axis=0)
    matte = _matte(pixels, behind, colour) * ndimage.binary_dilation(piece, iterations=2)
    mass = float(matte.sum())
    rows, columns = np.indices(matte.shape)
    x, y = float((columns * matte).sum() / mass + 0.5), float((rows * matte).sum() / mass + 0.5)
    top, left = (max(0, int(np.nonzero(matte.any(axis))[0][0]) - MARGIN) for axis in (1, 0))
    low, right = (int(np.nonzero(matte.any(axis))[0][-1]) + MARGIN + 1 for axis in (1, 0))
    name, fit = _named(matte[top:low, left:right], x - left, y - top, mass)
    called = min(COLOURS, key=lambda each: float(np.linalg.norm(colour - np.array(COLOURS[each]))))
    height, width = piece.shape
    return mass, Found(name, called, x / width, y / height, fit)


def _matte(pixels: Pixels, behind: Pixels, colour: Pixels) -> Pixels:
    """Returns how much of each pixel the thing covers, 0 to 1."""
    toward = colour - behind
    share: Pixels = np.clip((pixels - behind) @ toward / float(toward @ toward), 0, 1)
    return share


def _named(matte: Pixels, x: float, y: float, mass: float) -> tuple[str, float]:
    """Returns the shape that fits best, and how well.

    Blur changes neither the middle of a thing nor how much it covers in all, so both give a shape's place and size.
    """
    fits = {}
    for name in SHAPES:
        size = (mass / _weight(name)) ** 0.5
        sharp = _laid(name, x, y, size, matte.shape)
        fits[name] = max(_overlap(matte, ndimage.gaussian_filter(sharp, blur) if blur else sharp) for blur in BLURS)
    best = max(fits, key=lambda name: fits[name])
    return (best if fits[best] >= FITS else "unclear"), fits[best]


def _overlap(one: Pixels, other: Pixels) -> float:
    return float(np.minimum(one, other).sum() / np.maximum(one, other).sum())


@cache
def _weight(name: str) -> float:
    """Area of a shape whose half is 1."""
    return float(_laid(name, 100, 100, 60, (200, 200)).sum()) / 60**2


@cache
def _centre(name: str) -> tuple[float, float]:
    """Centroid of a shape whose half is 1."""
    mask = _filled(name, 100, 100, 60, (200, 200))
    rows, columns = np.indices(mask.shape)
    return tuple(float((axis * mask).sum() / mask.sum() + 0.5 - 100) / 60 for axis in (columns, rows))  # type: ignore[return-value]


def _laid(name: str, x: float, y: float, half: float, size: tuple[int, ...]) -> Pixels:
    """Returns a shape's matte with its centroid at a point, smooth at the edges."""
    across, down = _centre(name)
    return _filled(name, x - across * half, y - down * half, half, size)


def _filled(name: str, x: float, y: float, half: float, size: tuple[int, ...]) -> Pixels:
    mask = Image.new("L", (size[1] * SMOOTH, size[0] * SMOOTH))
    pen = ImageDraw.Draw(mask)
    for share, fill in ((1.0, 255), (HOLE, 0)) if name == "ring" else ((1.0, 255),):
        points = [
            ((x + share * right * half) * SMOOTH, (y + share * low * half) * SMOOTH) for right, low in outline(name)
        ]
        pen.polygon(points, fill)
    small = mask.resize((size[1], size[0]), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255


def single_is_right(picture: Image.Image, shape: str, colour: str) -> bool:
    """Whether a picture shows one shape and nothing else, as asked."""
    return [(each.shape, each.colour) for each in find(picture)] == [(shape, colour)]


def couple_is_right(picture: Image.Image, one: tuple[str, str], other: tuple[str, str], place: Place) -> bool:
    """Whether a picture shows two shapes and nothing else, the first at ``place`` as seen from the second.

    Args:
        picture: The picture.
        one: Shape and colour of the first.
        other: Shape and colour of the second.
        place: ``left``, ``right``, ``top`` or ``bottom``.
    """
    found = find(picture)
    if sorted((each.shape, each.colour) for each in found) != sorted((one, other)):
        return False
    if one == other:
        return _stands(found[0], found[1], place) or _stands(found[1], found[0], place)
    first, second = sorted(found, key=lambda each: (each.shape, each.colour) != one)
    return _stands(first, second, place)


def _stands(first: Found, second: Found, place: Place) -> bool:
    across, down = first.x - second.x, first.y - second.y
    along, aside = (across, down) if place in ("left", "right") else (down, across)
    toward = -along if place in ("left", "top") else along
    return toward >= APART and abs(along) > abs(aside)
