"""Shows how far a batch is: a bar on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from typing import Any, Self

import click

SECONDS_BETWEEN_DRAWINGS = 0.1
SECONDS_BETWEEN_LINES = 10.0


class Bar:
    """Shows how far it is, drawn no more often than eyes can follow.

    Args:
        rows: How many there are to do.
    """

    def __init__(self, rows: int) -> None:
        self._rows, self._began, self._drawn = rows, time.monotonic(), 0.0
        self._bar = click.progressbar(length=rows, label="Answering", file=sys.stderr, show_pos=True, show_eta=True)

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(self, *ended: Any) -> None:
        self._bar.__exit__(*ended)

    def show(self, written: int) -> None:
        """Takes in how many rows are done."""
        now = time.monotonic()
        if now - self._drawn < SECONDS_BETWEEN_DRAWINGS and written < self._rows:
            return
        self._drawn = now
        self._bar.label = f"Answering, {written / (now - self._began):.1f} rows/s"
        self._bar.update(written - self._bar.pos)


class Lines:
    """Tells how far it is, seldom enough for a log.

    Args:
        rows: How many there are to do.
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._began = self._told = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: Any) -> None:
        """Has nothing to end."""

    def show(self, written: int) -> None:
        """Takes in how many rows are done."""
        now = time.monotonic()
        if now - self._told < SECONDS_BETWEEN_LINES:
            return
        self._told = now
        rate = written / (now - self._began)
        left = timedelta(seconds=round((self._rows - written) / rate))
        click.echo(f"{written:,} of {self._rows:,} rows, {rate:.1f} rows/s, {left} left", err=True)


def progress(rows: int) -> Bar | Lines:
    """Returns what shows how far it is.

    Args:
        rows: How many there are to do.
    """
    return Bar(rows) if sys.stderr.isatty() else Lines(rows)
