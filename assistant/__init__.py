"""The assistant for Python programs: ``open_assistant`` makes one, its events and answers are typed.

Each name is imported when it is first used, so that ``assistant --help`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assistant.app import open_assistant
    from assistant.errors import AssistantError
    from assistant.events import Answer, ApprovalNeeded, CitationAdded, Event, Failed, TextDelta, ToolFinished
    from assistant.session import Assistant
    from assistant.settings import Settings

PLACES = {
    "open_assistant": "assistant.app",
    "AssistantError": "assistant.errors",
    "Answer": "assistant.events",
    "ApprovalNeeded": "assistant.events",
    "CitationAdded": "assistant.events",
    "Event": "assistant.events",
    "Failed": "assistant.events",
    "TextDelta": "assistant.events",
    "ToolFinished": "assistant.events",
    "Assistant": "assistant.session",
    "Settings": "assistant.settings",
}

__all__ = [
    "Answer",
    "ApprovalNeeded",
    "Assistant",
    "AssistantError",
    "CitationAdded",
    "Event",
    "Failed",
    "Settings",
    "TextDelta",
    "ToolFinished",
    "open_assistant",
]


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module 'assistant' has no attribute {name!r}")
    return getattr(import_module(PLACES[name]), name)
