"""What an admin wants to know of a server: who uses it how much, what went wrong of late, how full the disk is."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assistant.database.base import Database

LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ \d+ (WARNING|ERROR|CRITICAL) [\w.]+: (.*)")
LOG_TAIL = 500_000
MOST_TROUBLES = 20
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Usage:
    """How much one person has asked.

    Attributes:
        turns: Questions.
        failed: Of them, those that brought no answer.
        seconds: That the answers took together.
        last: When the last one was asked, UTC in ISO 8601.
    """

    turns: int
    failed: int
    seconds: float
    last: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """One line of the log that tells of something wrong.

    Attributes:
        time: As the log has it.
        grave: Whether it is an error rather than a warning.
        text: What went wrong.
    """

    time: str
    grave: bool
    text: str


@dataclass(frozen=True, slots=True)
class Disk:
    """What a home folder takes.

    Attributes:
        parts: Bytes by what they are for.
        free: Bytes that are left on the disk.
        whole: The size of the disk in bytes.
    """

    parts: Mapping[str, int]
    free: int
    whole: int


async def usage(database: Database, days: int = 30) -> dict[str, Usage]:
    """Returns who has asked how much in the last days, by owner.

    Args:
        database: Where the conversations are.
        days: How far back.
    """
    select = (
        "SELECT c.owner, count(*), sum(CASE WHEN t.state = 'failed' THEN 1 ELSE 0 END), "  # noqa: S608 — all ours
        f"coalesce(sum(CASE WHEN t.state = 'answered' THEN {database.number('t.result', 'seconds')} END), 0), "
        "max(t.asked) FROM turns t JOIN conversations c ON c.id = t.conversation WHERE t.asked >= ? GROUP BY c.owner"
    )
    since = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    rows = await database.rows(select, since)
    return {row[0]: Usage(int(row[1]), int(row[2]), float(row[3]), row[4]) for row in rows}


def troubles(home: Path) -> list[Trouble]:
    """Returns the newest warnings and errors of the log, the newest first, each in one line."""
    path = home / "logs" / "assistant.log"
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - LOG_TAIL))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    found = [match for line in reversed(lines) if (match := LINE.match(line))]
    return [Trouble(each[1], each[2] != "WARNING", each[3][:LONGEST]) for each in found[:MOST_TROUBLES]]


def disk(home: Path) -> Disk:
    """Returns what a home folder takes; looks at every file in it."""
    parts = {"library": 0, "files": 0, "conversations": 0, "logs": 0, "other": 0}
    for path in home.rglob("*"):
        try:
            size = 0 if path.is_symlink() or not path.is_file() else path.stat().st_size
        except OSError:  # it has gone meanwhile
            continue
        top = path.relative_to(home).parts[0].partition(".")[0]
        name = "library" if top == "libraries" else top
        parts[name if name in parts else "other"] += size
    space = shutil.disk_usage(home)
    return Disk(parts, space.free, space.total)
