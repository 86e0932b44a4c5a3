"""Reads a plan as a model gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from assistant.plugin import ToolError

from .action import Action
from .rehearsal import MAX_STEPS


def read_plan(steps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the steps, each as it is understood.

    Raises:
        ToolError: One is malformed, or there are too many; the text names the step.
    """
    if len(steps) > MAX_STEPS:
        raise ToolError(f"the plan has {len(steps):,} steps, more than {MAX_STEPS}; give the first ones only")
    return [_step(number, step) for number, step in enumerate(steps, 1)]


def _step(number: int, step: dict[str, Any]) -> dict[str, Any]:
    try:
        return Action.model_validate(step).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise ToolError(
            f"step {number} of the plan cannot be read: {where}: {first['msg']} (got {step!r:.200})"
        ) from error
