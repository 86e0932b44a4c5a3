"""Recognition of printed words in pictures, by RapidOCR with the models that come with it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from index.read.budget import budget
from index.read.clean import clean
from index.read.pdf_paragraphs import Line
from index.types import Box

if TYPE_CHECKING:
    from PIL.Image import Image

LONGEST_SIDE = 2000
"""Pixels; the models look at no more."""
_LONGEST_TEXT = 1500
# One page is not like the other.
_MARGIN = 1.2
# Print of one size has boxes that differ by a third, as letters reach above and below the line or do not.
_SAME_SIZE = (0.7, 1.4)
_LEAST_GUTTER = 0.015
_PROSE = 20
_LEAST_COLUMN = 4
# Each takes a quarter of a gigabyte.
_PARALLEL = min(os.cpu_count() or 1, 2)


@dataclass(frozen=True, slots=True)
class Printed:
    """A line that was recognised, in pixels from the picture's top left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


def recognise(image: Image) -> list[Printed]:
    """Returns the lines of print in a picture in reading order."""
    import numpy as np

    small = image if max(image.size) <= LONGEST_SIDE else image.copy()
    if small is not image:
        small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    scale = image.width / small.width
    pixels = np.ascontiguousarray(np.asarray(small.convert("RGB"))[:, :, ::-1])
    engine = _engines.get()
    try:
        result = engine(pixels)
    finally:
        _engines.put(engine)
    if result.boxes is None or not result.txts:
        return []
    found = []
    for corners, text in zip(result.boxes, result.txts, strict=True):
        (left, top), (right, bottom) = corners.min(axis=0) * scale, corners.max(axis=0) * scale
        line = clean(str(text)).strip()
        if any(character.isalnum() for character in line):  # else it is a speck, or a part of a drawing
            found.append(Printed(line, float(left), float(top), float(right), float(bottom)))
    return _in_reading_order(found, image.width)


def words(image: Image) -> str:
    """Returns the words in a picture as one line."""
    return " ".join(line.text for line in recognise(image))[:_LONGEST_TEXT]


class Pages:
    """Recognises the pages of a document, as many at once as there are processors for it; use as a context."""

    def __init__(self) -> None:
        self._budget = budget()
        self._threads = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="recognise")
        self._running: set[Future[list[Line]]] = set()
        self._began = self._budget.spent
        self._done = 0

    def __enter__(self) -> Pages:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    def begin(self, page: Image) -> Future[list[Line]] | None:
        """Begins with a page once there is a processor for it.

        Returns:
            Its lines of print, as a PDF's text layer would hold them; None where the time is not enough for it.
        """
        while len(self._running) >= _PARALLEL:
            _, self._running = wait(self._running, return_when=FIRST_COMPLETED)
        if not self._budget.time_for(_MARGIN * self._seconds_a_page()):
            return None
        future = self._threads.submit(self._recognise, page)
        self._running.add(future)
        return future

    def _seconds_a_page(self) -> float:
        """What a page has taken so far, those that were recognised at the same time counted together."""
        return (self._budget.spent - self._began) / self._done if self._done else 0.0

    def _recognise(self, page: Image) -> list[Line]:
        found = recognise(page)
        self._done += 1
        usual = median(line.bottom - line.top for line in found) if found else 0.0
        return [_as_line(one, page.size, usual) for one in found]


def _as_line(one: Printed, size: tuple[int, int], usual: float) -> Line:
    width, height = size
    own = one.bottom - one.top
    tall = usual if _SAME_SIZE[0] * usual <= own <= _SAME_SIZE[1] * usual else own
    edges = one.left / width, one.top / height, one.right / width, one.bottom / height
    box = Box(*(round(min(max(edge, 0.0), 1.0), 5) for edge in edges))
    middle = height - (one.top + one.bottom) / 2
    return Line(one.text, one.left, one.right, middle - tall / 2, tall, box)


def _in_reading_order(found: Sequence[Printed], width: int) -> list[Printed]:
    """Row by row, and where columns of prose stand beside one another, column by column."""
    rows, ordered = _rows(found), list[Printed]()
    while rows:
        run = rows.pop(0)
        while rows and _has_gutter([*run, *rows[0]], width):
            run = [*run, *rows.pop(0)]
        if (edge := _between_columns(run, width)) is None:
            ordered += run
            continue
        left = [one for one in run if one.left < edge]
        right = [one for one in run if one.left >= edge]
        ordered += [*_in_reading_order(left, width), *_in_reading_order(right, width)]
    return ordered


def _rows(found: Iterable[Printed]) -> list[list[Printed]]:
    """Lines whose middles are within half a line of one another stand in one row, from left to right."""
    rows: list[list[Printed]] = []
    for one in sorted(found, key=lambda line: line.top + line.bottom):
        last = rows[-1][-1] if rows else None
        apart = (one.top + one.bottom - last.top - last.bottom) / 2 if last else 0.0
        if last and apart < min(one.bottom - one.top, last.bottom - last.top) / 2:
            rows[-1].append(one)
        else:
            rows.append([one])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _gutters(lines: Sequence[Printed], width: int) -> Iterator[tuple[float, list[Printed], list[Printed]]]:
    """Where white runs through all lines from top to bottom, with what stands on both sides."""
    ordered = sorted(lines, key=lambda line: line.left)
    edge = float("inf")
    for place, one in enumerate(ordered):
        if one.left - edge > _LEAST_GUTTER * width:
            yield one.left, ordered[:place], ordered[place:]
        edge = one.right if place == 0 else max(edge, one.right)


def _has_gutter(lines: Sequence[Printed], width: int) -> bool:
    return next(_gutters(lines, width), None) is not None


def _between_columns(lines: Sequence[Printed], width: int) -> float | None:
    """The gutter between two columns of prose; the cells of a table are too short for that."""
    found = (edge for edge, *sides in _gutters(lines, width) if all(map(_is_column, sides)))
    return next(found, None)


def _is_column(lines: Sequence[Printed]) -> bool:
    return len(lines) >= _LEAST_COLUMN and sum(len(line.text) for line in lines) / len(lines) >= _PROSE


class _Engines:
    """The loaded models, one for each thread that needs them at the same time; loaded when first needed."""

    def __init__(self) -> None:
        self._idle: list[Any] = []

    def get(self) -> Any:
        with suppress(IndexError):
            return self._idle.pop()
        # ONNX Runtime reports its use to its makers, and keeps a database of it in the home folder, unless told not to.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        from rapidocr import RapidOCR

        threads = "EngineConfig.onnxruntime.{}_op_num_threads"
        # One line of print at a time: a batch is filled up to its longest line, which costs more than it saves.
        one = {
            threads.format("intra"): 1,
            threads.format("inter"): 1,
            "Rec.rec_batch_num": 1,
            "Det.limit_type": "max",
            "Det.limit_side_len": 1152,
            # Short words in a narrow picture: the usual one is half empty for them, and they are read worse.
            "Rec.rec_img_shape": [3, 48, 160],
        }
        return RapidOCR(params={**one, "Global.log_level": "critical", "Global.text_score": 0.6})

    def put(self, engine: Any) -> None:
        self._idle.append(engine)


_engines = _Engines()
