"""Rolls dice."""

from __future__ import annotations

from assistant.plugin import Context, tool


@tool(examples=["roll two dice"])
def roll_dice(count: int, ctx: Context, sides: int = 6) -> list[int]:
    """Roll dice and return each value.

    Args:
        count: How many dice, 1 to 100.
        sides: Faces on each die.
    """
    return [ctx.random.randint(1, sides) for _ in range(count)]
