"""What the router may decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Talk:
    """A reply that needs no tool."""

    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A question for what a tool still needs.

    Attributes:
        tool: The tool.
        arguments: What is known already.
        text: The question.
    """

    tool: str
    arguments: Mapping[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call with its arguments."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Later:
    """A calculation with the number that the step before it finds.

    Attributes:
        template: The expression, with ``{}`` for the number.
    """

    template: str


Plan = list[Call | Later]
