"""Pictures of many kinds to try the watermark on: drawn scenes, photographs, pages, textures."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

# Photographs that come with packages; the watermark's strength and limits were set with others.
PHOTOGRAPHS = {
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
    "gradio": ("media_assets/images/lion.jpg", "media_assets/images/groot.jpeg", "media_assets/images/cheetah.jpg"),
}
FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures"
SIDES = (512, 1024)  # of the smaller side of a picture, at least and at most
WIDEST = 1.7
LEAST_PART = 0.6  # of a photograph's or page's sides
ENDINGS = {".jpg", ".jpeg", ".png"}

Values = NDArray[np.float64]
Maker = Callable[[Random], Image.Image]


def pictures(random: Random, count: int, data: Path | None = None) -> Iterator[tuple[str, Image.Image]]:
    """Yields kinds with pictures in RGB whose smaller side has 512 pixels or more, the kinds in turn.

    Args:
        random: Draws all that varies.
        count: How many.
        data: Folder with more photographs and PDF files.
    """
    more = [path for path in sorted(data.rglob("*")) if path.is_file()] if data else []
    kinds = {
        "scene": scene,
        "photograph": photographs([*_packaged(), *(path for path in more if path.suffix.lower() in ENDINGS)]),
        "page": pages([*sorted(FIXTURES.glob("*.pdf")), *(path for path in more if path.suffix == ".pdf")]),
        "texture": texture,
    }
    for number in range(count):
        kind = list(kinds)[number % len(kinds)]
        yield kind, kinds[kind](random)


def scene(random: Random) -> Image.Image:
    """A scene as the starter model learns from, drawn large, or drawn small and enlarged."""
    from training.pictures.draw import draw
    from training.pictures.sample import scenes

    side = _side(random)
    if random.random() < 0.5:
        return draw(next(scenes(random)), random, side)
    return draw(next(scenes(random)), random).resize((side, side), Image.Resampling.LANCZOS)


def photographs(paths: Sequence[Path]) -> Maker:
    """Returns what makes a part of one of some photographs, of any size, sometimes mirrored or turned upside down."""
    there = [picture for picture in map(_opened, paths) if picture and min(picture.size) >= 200]

    def make(random: Random) -> Image.Image:
        return _sized(_part(random.choice(there), random), random)

    return make


def pages(paths: Sequence[Path]) -> Maker:
    """Returns what makes a part of a page of some PDF files."""
    import pypdfium2

    there = []
    for path in paths:
        try:
            with pypdfium2.PdfDocument(path) as document:
                there += [(path, number) for number in range(min(4, len(document)))]
        except pypdfium2.PdfiumError:  # locked or damaged
            continue

    def make(random: Random) -> Image.Image:
        path, number = random.choice(there)
        with pypdfium2.PdfDocument(path) as document:
            drawn = document[number].render(scale=random.uniform(1.2, 2.2)).to_pil().convert("RGB")
        return _sized(_part(drawn, random), random)

    return make


def texture(random: Random) -> Image.Image:
    """Noise of some roughness, stripes, a chequered ground, a gradient or cells, in two colours."""
    height, width = _side(random), round(_side(random) * random.uniform(1, WIDEST))
    values = random.choice((_noise, _stripes, _chequered, _gradient, _cells))(random, height, width)
    low, high = (np.array([random.randrange(256) for _ in range(3)]) for _ in range(2))
    mixed = low + (high - low) * np.clip(values, 0, 1)[..., None]
    return Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8))


def _noise(random: Random, height: int, width: int) -> Values:
    dice = np.random.default_rng(random.randrange(2**32))
    spectrum = np.fft.rfft2(dice.standard_normal((height, width)))
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    values: Values = np.fft.irfft2(spectrum / (radius + 1 / width) ** random.uniform(0, 2), (height, width))
    even: Values = 0.5 + values / (4 * values.std())
    return even


def _stripes(random: Random, height: int, width: int) -> Values:
    down, across = np.mgrid[:height, :width]
    angle, wave = random.uniform(0, np.pi), random.uniform(4, 80)
    values: Values = np.sin(2 * np.pi * (across * np.cos(angle) + down * np.sin(angle)) / wave)
    return (values > 0).astype(float) if random.random() < 0.5 else 0.5 + values / 2


def _chequered(random: Random, height: int, width: int) -> Values:
    cell = random.randrange(4, 100)
    down, across = np.mgrid[:height, :width] // cell
    values: Values = ((down + across) % 2).astype(float)
    return values


def _gradient(random: Random, height: int, width: int) -> Values:
    down, across = np.mgrid[:height, :width]
    angle = random.uniform(0, 2 * np.pi)
    values = across * np.cos(angle) + down * np.sin(angle)
    even: Values = (values - values.min()) / np.ptp(values)
    return even


def _cells(random: Random, height: int, width: int) -> Values:
    from scipy.spatial import KDTree

    dice = np.random.default_rng(random.randrange(2**32))
    points = dice.uniform((0, 0), (height, width), (random.randrange(20, 400), 2))
    nearest = KDTree(points).query(np.argwhere(np.ones((height // 2, width // 2))) * 2)[1]
    coarse = dice.uniform(0, 1, len(points))[nearest].reshape(height // 2, width // 2)
    values: Values = np.kron(coarse, np.ones((2, 2)))
    return values


def _packaged() -> list[Path]:
    found = []
    for package, names in PHOTOGRAPHS.items():
        spec = importlib.util.find_spec(package)
        if spec and spec.origin:
            found += [Path(spec.origin).parent / name for name in names]
    return [path for path in found if path.is_file()]


def _opened(path: Path) -> Image.Image | None:
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except (OSError, ValueError):
        return None


def _part(picture: Image.Image, random: Random) -> Image.Image:
    width, height = (round(side * random.uniform(LEAST_PART, 1)) for side in picture.size)
    left, top = random.randint(0, picture.width - width), random.randint(0, picture.height - height)
    return picture.crop((left, top, left + width, top + height))


def _sized(picture: Image.Image, random: Random) -> Image.Image:
    scale = _side(random) / min(picture.size)
    size = max(SIDES[0], round(picture.width * scale)), max(SIDES[0], round(picture.height * scale))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    picture = ImageOps.mirror(picture) if random.random() < 0.3 else picture
    return ImageOps.flip(picture) if random.random() < 0.2 else picture


def _side(random: Random) -> int:
    return random.randint(*SIDES)
