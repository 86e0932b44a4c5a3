"""Puts the pictures that were found into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.engines.builtin.answer import Reply

MAX_PICTURES = 4
MAX_LABEL = 120
# Not fitted to anything: the first is worth showing with confidence, the second with a doubt.
LOOKS_SURE, WORDS_SURE = 0.6, 0.4


def from_pictures(result: Mapping[str, Any], *, told: bool) -> Reply:
    """Names the pictures that were found, each in words that stand there.

    Args:
        result: As ``search_pictures`` returned it.
        told: Whether its note was told before in this conversation.
    """
    found = result["pictures"][:MAX_PICTURES]
    note = "" if told else result.get("note", "")
    if not found:
        none = "I found no picture of this in your documents."
        return Reply("\n\n".join(filter(None, (none, note))), 0.0, abstained=True)
    lines = [f"- “{_label(row)}” [{row['n']}]" for row in found]
    said = ["Here is what I found:", "\n".join(lines), note]
    # How sure: a picture that looks like the request speaks for itself, words that fit may stand beside any picture.
    return Reply("\n\n".join(filter(None, said)), LOOKS_SURE if "looks" in found[0] else WORDS_SURE)


def _label(row: Mapping[str, Any]) -> str:
    """A picture's caption, else the words in it, else the sentence beside it."""
    words = row["text"].replace("[Picture]", "").strip()
    label = row["caption"] or (words if len(words) <= MAX_LABEL else words[:MAX_LABEL].rpartition(" ")[0] or words)
    return " ".join(str(label).split())
