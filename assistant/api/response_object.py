"""The object that answers a request in OpenAI's newer form, from a turn that ends now or did before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from assistant.api.asking import MODEL
from assistant.api.evidence import evidence, shown, tokens, usage_of
from assistant.course import Course
from assistant.events import Answer, ApprovalNeeded
from assistant.logged import Turn

PREFIX = "resp_"
Status = Literal["in_progress", "completed", "incomplete", "failed"]
ENDED: dict[str, Status] = {"answered": "completed", "waiting": "completed", "failed": "failed"}
CUT_OFF = {"reason": "max_output_tokens"}


@dataclass(frozen=True, slots=True)
class Head:
    """What a response is called.

    Attributes:
        id: Its own.
        previous: That of the response from which it goes on.
        created: When it was asked for, in seconds since the epoch.
    """

    id: str
    previous: str | None
    created: int

    @property
    def name(self) -> str:
        """What its items are named by."""
        return self.id.removeprefix(PREFIX)


def response(head: Head, end: Answer | ApprovalNeeded, course: Course, thought: str | None = None) -> dict[str, Any]:
    """Returns the object of a turn that ends.

    Args:
        head: What it is called.
        end: How it ends.
        course: How it went.
        thought: What the model thought before it spoke, where that is not all that it thought.
    """
    text, thoughts = (end.text, end.reasoning) if isinstance(end, Answer) else ("", "")
    whole = {
        **begun(head, "incomplete" if course.cut_off else "completed"),
        "output": items(head, text, thoughts if thought is None else thought),
        "usage": _renamed(usage_of(end)),
        "evidence": evidence(end),
    }
    return {**whole, "incomplete_details": CUT_OFF} if course.cut_off else whole


def stored(head: Head, turn: Turn, conversation: str) -> dict[str, Any]:
    """Returns the object of a turn as its conversation keeps it; one that is under way has no output yet."""
    result = turn.result or {}
    whole = begun(head, ENDED.get(turn.state, "in_progress"))
    if turn.state == "running":
        return whole
    whole["evidence"] = shown(result, conversation)
    if turn.state == "failed":
        return {**whole, "error": {"code": result.get("kind", "Stopped"), "message": result.get("error", "")}}
    output = items(head, result.get("answer", ""), result.get("reasoning", ""))
    return {**whole, "output": output, "usage": _renamed(tokens(result.get("usage")))}


def begun(head: Head, status: Status = "in_progress") -> dict[str, Any]:
    """Returns the object of a turn of which nothing has been said."""
    return {
        "id": head.id,
        "object": "response",
        "created_at": head.created,
        "status": status,
        "model": MODEL,
        "output": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": False,
        "previous_response_id": head.previous,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
        "evidence": None,
    }


def items(head: Head, text: str, thought: str) -> list[dict[str, Any]]:
    """Returns the thoughts, where there are any, and the message."""
    return [*([reasoning(head, thought)] if thought else []), message(head, text)]


def message(head: Head, text: str) -> dict[str, Any]:
    """Returns the item that is the answer."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": f"msg_{head.name}", "type": "message", "role": "assistant", "status": "completed", "content": content,
    }  # fmt: skip


def reasoning(head: Head, text: str) -> dict[str, Any]:
    """Returns the item that is the thoughts."""
    content = [{"type": "reasoning_text", "text": text}] if text else []
    return {"id": f"rs_{head.name}", "type": "reasoning", "summary": [], "status": "completed", "content": content}


def _renamed(usage: dict[str, Any] | None) -> dict[str, Any] | None:
    """The tokens under the names that they have here."""
    names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
    names |= {f"{old}_details": f"{new}_details" for old, new in names.items()}
    return usage and {names.get(name, name): value for name, value in usage.items()}
