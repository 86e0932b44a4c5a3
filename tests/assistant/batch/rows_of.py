"""Writes and reads the files of a batch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def written(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def by_id(path: Path) -> dict[Any, dict[str, Any]]:
    return {row["id"]: row for row in map(json.loads, path.read_text().splitlines())}
