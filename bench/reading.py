"""What reading real files takes, each in a process of its own: ``python -m bench.reading FOLDER``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil  # type: ignore[import-untyped]

from bench.report import describe, verdict
from index.errors import UnreadableFile
from index.read.budget import MEGABYTES, SECONDS, counted
from index.read.pool import Limits, Readers

LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one file.

    Attributes:
        path: Below the folder.
        status: ``indexed``, or ``refused``.
        reason: Why it was refused.
        clock: Seconds that passed, the start of the process included.
        processor: Seconds that all its threads worked.
        megabytes: What the process held at most.
    """

    path: Path
    status: str
    reason: str
    clock: float
    processor: float
    megabytes: float

    @property
    def seconds(self) -> float:
        """Those that count against the limit."""
        return counted(self.clock, self.processor)


def rows(folder: Path, limits: Limits) -> Iterator[Row]:
    """Reads every file below a folder, one after the other."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        yield _row(path, folder, limits)


def _row(path: Path, folder: Path, limits: Limits) -> Row:
    began, status, reason = time.monotonic(), "indexed", ""
    with closing(Readers(limits, workers=1)) as readers, _Watch() as watch:
        try:
            readers.read(path)
        except UnreadableFile as error:
            status, reason = "refused", str(error)
        clock = time.monotonic() - began
    return Row(path.relative_to(folder), status, reason, clock, watch.processor, watch.megabytes)


class _Watch:
    """Looks at this process's only child from a thread, until the end of the block.

    Attributes:
        processor: Seconds that it has worked.
        megabytes: What it held at most.
    """

    def __init__(self) -> None:
        self.processor = self.megabytes = 0.0
        self._end = Event()
        self._thread = Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(LOOK_SECONDS):
            for child in psutil.Process().children():
                try:
                    times, memory = child.cpu_times(), child.memory_info().rss
                except psutil.Error:  # it has just ended
                    continue
                self.processor = max(self.processor, times.user + times.system)
                self.megabytes = max(self.megabytes, memory / 1e6)


def main() -> int:
    """Returns 1 where a file took more than it may."""
    parser = argparse.ArgumentParser(prog="python -m bench.reading", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=10, help="the slowest and the largest so many")
    options = parser.parse_args()
    print(describe("pypdfium2", "python-docx", "python-pptx", "openpyxl", "lxml", "pillow", "rapidocr"))
    print(f"{'status':8} {'clock s':>8} {'work s':>7} {'MB':>5}  file")
    found = []
    for row in rows(options.folder, Limits()):
        found.append(row)
        print(
            f"{row.status:8} {row.clock:8.1f} {row.processor:7.1f} {row.megabytes:5.0f}  {row.path}"
            + (f": {row.reason}" if row.reason else ""),
            flush=True,
        )
    counts = Counter(row.status for row in found)
    print(f"{len(found)} files: {', '.join(f'{count} {status}' for status, count in sorted(counts.items()))}")
    for row in sorted(found, key=lambda each: -each.seconds)[: options.show]:
        print(f"  {row.seconds:6.1f} s {row.megabytes:5.0f} MB  {row.path}")
    in_time = verdict("slowest file", max((row.seconds for row in found), default=0.0), SECONDS, "s")
    in_memory = verdict("largest process", max((row.megabytes for row in found), default=0.0), MEGABYTES, "MB")
    return 0 if in_time and in_memory else 1


if __name__ == "__main__":
    sys.exit(main())
