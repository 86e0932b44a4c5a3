"""The assistant for Python programs: ``open_assistant`` makes one, its events and answers are typed.

Each name is imported when it is first used, so that ``assistant --help`` stays quick.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.app import open_assistant
    from assistant.approval import Decision, Rule
    from assistant.errors import AssistantError
    from assistant.events import (
        Answer,
        ApprovalNeeded,
        ApprovalRequest,
        Artifact,
        Began,
        Citation,
        CitationAdded,
        Event,
        Failed,
        ReasoningDelta,
        TextDelta,
        ToolCall,
        ToolFinished,
        ToolProgress,
        ToolStarted,
    )
    from assistant.session import Assistant
    from assistant.settings import Settings

# A program that keeps no log is not shown what belongs into one.
for _name in ("assistant", "index"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

PLACES = {
    "open_assistant": "assistant.app",
    "Decision": "assistant.approval",
    "Rule": "assistant.approval",
    "AssistantError": "assistant.errors",
    "Answer": "assistant.events",
    "ApprovalNeeded": "assistant.events",
    "ApprovalRequest": "assistant.events",
    "Artifact": "assistant.events",
    "Began": "assistant.events",
    "Citation": "assistant.events",
    "CitationAdded": "assistant.events",
    "Event": "assistant.events",
    "Failed": "assistant.events",
    "ReasoningDelta": "assistant.events",
    "TextDelta": "assistant.events",
    "ToolCall": "assistant.events",
    "ToolFinished": "assistant.events",
    "ToolProgress": "assistant.events",
    "ToolStarted": "assistant.events",
    "Assistant": "assistant.session",
    "Settings": "assistant.settings",
}

__all__ = [
    "Answer",
    "ApprovalNeeded",
    "ApprovalRequest",
    "Artifact",
    "Assistant",
    "AssistantError",
    "Began",
    "Citation",
    "CitationAdded",
    "Decision",
    "Event",
    "Failed",
    "ReasoningDelta",
    "Rule",
    "Settings",
    "TextDelta",
    "ToolCall",
    "ToolFinished",
    "ToolProgress",
    "ToolStarted",
    "open_assistant",
]


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module 'assistant' has no attribute {name!r}")
    return getattr(import_module(PLACES[name]), name)
