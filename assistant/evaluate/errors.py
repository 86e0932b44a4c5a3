"""The error of evaluations."""

from __future__ import annotations

from assistant.errors import AssistantError


class EvalError(AssistantError):
    """A suite cannot be run: it is unknown, or its data is not there or not what it should be."""
