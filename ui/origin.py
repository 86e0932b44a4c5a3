"""A badge on each picture that says whether its origin is signed into it and true."""

from __future__ import annotations

import logging
from functools import lru_cache
from html import escape
from pathlib import Path

from assistant.origin.verify import Verdict, verify
from ui.language import Texts

log = logging.getLogger(__name__)

REMEMBERED = 2000
"""Pictures whose origin is not read again while they stay as they are."""
MARKS = {"signed": "✓", "altered": "⚠", "watermark": "≈", "nothing": "–"}


def origin_of(path: Path) -> Verdict | None:
    """Reads a picture's origin; None where the file cannot be read."""
    try:
        about = path.stat()
        return _read(path, about.st_mtime_ns, about.st_size)
    except OSError:
        log.info("the origin of %s cannot be read", path, exc_info=True)
        return None


def badge(origin: Verdict | None, t: Texts) -> str:
    """Returns the badge as HTML, its details on hover.

    Args:
        origin: What was read; None gives no badge.
        t: What the page says.
    """
    if origin is None:
        return ""
    details = [t(f"origin.{origin.state}_hint"), *_details(origin)]
    return (
        f'<span class="origin {origin.state}" title="{escape(chr(10).join(details))}">'
        f"{MARKS[origin.state]} {t.html(f'origin.{origin.state}')}</span>"
    )


@lru_cache(REMEMBERED)
def _read(path: Path, changed: int, size: int) -> Verdict:
    return verify(path)


def _details(origin: Verdict) -> list[str]:
    made = {"time": origin.time, "signer": origin.signer, **(origin.made or {})}
    return [f"{name}: {value}" for name, value in made.items() if value not in ("", None, {}, [])]
