"""How often the watermark is found again after what happens to pictures, and how often where there is none."""

from __future__ import annotations

import argparse
import io
import math
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from assistant.origin.watermark import SMALLEST, mark, strengths
from bench.marked_pictures import pictures
from bench.report import describe

FOUND, FALSE = 0.95, 0.001  # the aims
QUALITY, LEFT = 75, 0.9  # of JPEG; of each side after a crop
Change = Callable[[Image.Image, Random], Image.Image]


def jpeg(picture: Image.Image, random: Random) -> Image.Image:
    """Compresses a picture."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY)
    return Image.open(buffer).convert("RGB")


def half(picture: Image.Image, random: Random) -> Image.Image:
    """Scales a picture."""
    return picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BICUBIC)


def crop(picture: Image.Image, random: Random) -> Image.Image:
    """Cuts a tenth of each side away, anywhere."""
    width, height = round(picture.width * LEFT), round(picture.height * LEFT)
    left, top = random.randint(0, picture.width - width), random.randint(0, picture.height - height)
    return picture.crop((left, top, left + width, top + height))


CHANGES: dict[str, Change] = {
    "as it is": lambda picture, random: picture,
    f"JPEG {QUALITY}": jpeg,
    "scaled to one half": half,
    "a tenth of each side cut away": crop,
    f"scaled to one half, then JPEG {QUALITY}": lambda picture, random: jpeg(half(picture, random), random),
    f"cut, then JPEG {QUALITY}": lambda picture, random: jpeg(crop(picture, random), random),
}


def main() -> int:
    """Returns 1 where an aim is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.watermark", description=__doc__)
    parser.add_argument("--pictures", type=int, default=200, help="that are marked")
    parser.add_argument("--unmarked", type=int, default=1000, help="others, each looked at after every change")
    parser.add_argument("--data", type=Path, help="folder with more photographs and PDF files")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    print(describe("pillow", "numpy"), flush=True)
    held = marked(Random(options.seed), options.pictures, options.data)
    return 0 if unmarked(Random(options.seed + 1), options.unmarked, options.data) and held else 1


def marked(random: Random, count: int, data: Path | None) -> bool:
    """Prints how often the mark is found in marked pictures; returns whether the aims are reached."""
    found: Counter[str] = Counter()
    noise, seconds, kinds = [], 0.0, Counter[str]()
    weakest = dict.fromkeys(CHANGES, math.inf)
    for kind, picture in pictures(random, count, data):
        start = time.process_time()
        with_mark = mark(picture)
        seconds += time.process_time() - start
        kinds[kind] += 1
        noise.append(decibels(picture, with_mark))
        for name, change in CHANGES.items():
            strength = max(strengths(change(with_mark, random)))
            weakest[name] = min(weakest[name], strength)
            found[name] += strength >= 1
    print(f"{count} pictures: {', '.join(f'{kinds[kind]} {kind}s' for kind in kinds)}, {SMALLEST} pixels and more")
    for name in CHANGES:
        print(f"  {name}: found {found[name]} of {count}, weakest {weakest[name]:.1f} times what is needed")
    print(f"PSNR: median {statistics.median(noise):.1f} dB, lowest {min(noise):.1f}")
    print(f"marking takes {seconds / count:.3f} s of CPU")
    return all(found[name] >= FOUND * count for name in list(CHANGES)[1:3])


def unmarked(random: Random, count: int, data: Path | None) -> bool:
    """Prints how often the mark is found where there is none; returns whether the aim is reached."""
    looked, wrong, highest, seconds = 0, 0, 0.0, 0.0
    for kind, picture in pictures(random, count, data):
        for name, change in CHANGES.items():
            changed = change(picture, random)
            start = time.process_time()
            strength = max(strengths(changed))
            seconds += time.process_time() - start
            looked, highest = looked + 1, max(highest, strength)
            if strength >= 1:
                wrong += 1
                print(f"  false alarm: a {kind}, {name}, {strength:.2f}", flush=True)
    print(
        f"unmarked: {wrong} false alarms of {looked:,}, highest {highest:.2f} times what is needed; looking takes "
        f"{seconds / looked:.3f} s of CPU"
    )
    return wrong <= FALSE * looked


def decibels(one: Image.Image, two: Image.Image) -> float:
    """Returns the peak signal-to-noise ratio of two pictures."""
    error = float(np.mean((np.asarray(one, float) - np.asarray(two, float)) ** 2))
    return 10 * math.log10(255**2 / error) if error else math.inf


if __name__ == "__main__":
    sys.exit(main())
