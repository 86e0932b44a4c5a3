"""Counts words; without examples, as many a first plugin is."""

from __future__ import annotations

from assistant.plugin import tool


@tool
def word_count(text: str) -> int:
    """Count the words of a text.

    Args:
        text: The text to count.
    """
    return len(text.split())
