"""Sets a timer."""

from __future__ import annotations

from assistant.plugin import tool


@tool(examples=["set a timer for five minutes"])
def set_timer(minutes: float) -> str:
    """Start a timer that rings after some minutes.

    Args:
        minutes: How long, in minutes.
    """
    return f"the timer rings in {minutes:g} minutes"
