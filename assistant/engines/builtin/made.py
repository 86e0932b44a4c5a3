"""Says in words how pictures were made, and where a picture comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.engines.builtin.answer import Reply


def from_made(result: Mapping[str, Any]) -> Reply:
    """Tells of pictures that were made or edited, each with what makes it again.

    Args:
        result: As ``generate_image`` or ``edit_image`` returned it.
    """
    rows = result.get("pictures") or [result["picture"]]
    told = result.get("prompt") or result.get("instruction") or ""
    first = f"Here {'is the picture' if len(rows) == 1 else f'are {len(rows)} pictures'}{f': {told}' if told else '.'}"
    return Reply(
        "\n\n".join(filter(None, (first, "\n".join(map(_row, rows)), result.get("note", "")))), 1.0, about_itself=True
    )


def _row(row: Mapping[str, Any]) -> str:
    seed = "" if row["seed"] is None else f"seed {row['seed']}, "
    steps = f"{row['steps']} steps, guidance {row['guidance']:g}, " if row["steps"] else ""
    how = f"{seed}{steps}model {row['model']}, {row['seconds']:g} s"
    return f"- `{row['file']}`: {row['size']} pixels, {how}"


def from_origin(result: Mapping[str, Any]) -> Reply:
    """Tells where a picture comes from.

    Args:
        result: As ``verify_image`` returned it.
    """
    signer = f" Signed by {result['signer']}" if result["signer"] else ""
    vouched = "" if result["known"] or not signer else ", for whom nobody vouches"
    time = f", {result['time']}" if result["time"] else ""
    lines = [f"- {name}: {value}" for name, value in sorted((result["made"] or {}).items())]
    lines += [f"- made from: {name}" for name in result["ingredients"]]
    said = f"`{result['file']}`: {result['said']}.{signer}{vouched}{time}{'.' if signer else ''}"
    return Reply("\n\n".join(filter(None, (said, "\n".join(lines)))), 1.0, about_itself=True)
