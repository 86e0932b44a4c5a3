"""The approval card: what a waiting call would do, to be approved, changed or refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

import gradio as gr
from pydantic import ValidationError

from assistant.approval import Decision
from assistant.events import ApprovalRequest
from assistant.plugin import Touch
from assistant.schema import Tool
from assistant.session import Assistant
from assistant.terminal_approval import REFUSED
from ui.assets import script
from ui.exact import editable, escaped, exact_html, is_odd
from ui.text import listed

MAX_NOTE = 500
MAX_MISTAKES = 5
TOUCHES: Mapping[Touch, str] = {
    "network": "the network",
    "files": "files anywhere on this computer",
    "world": "other programs, devices or people",
}
ODD = "Marked characters cannot be seen or look like others; their codes stand beside them."
KINDS = {bool: "yes or no", int: "number", float: "number", list: "list", dict: "object", type(None): "nothing"}


class BadArguments(ValueError):
    """Changed arguments cannot be used; the text says where and why."""


def make_card(assistant: Assistant) -> gr.HTML:
    """Makes the place of the card, empty; a decision is its ``decide`` event.

    Args:
        assistant: Whose tools say whether changed arguments fit.
    """

    def check(typed: list[str]) -> str:
        """Says what is wrong with changed arguments; empty where nothing is."""
        tool, text = typed
        try:
            changed_arguments(tool, str(text), assistant.toolbox.tools)
        except BadArguments as error:
            return str(error)
        return ""

    # The chat takes no script of its own, so that the one for its tables comes with the card.
    scripts = script("approval.js") + script("artifacts.js")
    return gr.HTML("", elem_id="approval", js_on_load=scripts, container=False, server_functions=[check])


def fingerprint(conversation: str, requests: Sequence[ApprovalRequest]) -> str:
    """Returns what names exactly these requests, so that a decision about others is told from one about these."""
    text = json.dumps([conversation, [asdict(request) for request in requests]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def card_html(conversation: str, requests: Sequence[ApprovalRequest]) -> str:
    """Returns the card; empty where nothing waits.

    Args:
        conversation: Where they wait.
        requests: What waits.
    """
    if not requests:
        return ""
    one = len(requests) == 1
    words = "A call waits for your approval" if one else f"{len(requests)} calls wait for your approval"
    hint = "" if one else "The answer goes on once all of them are decided. "
    hint += f"Asking something else instead gives {'it' if one else 'them'} up."
    cards = "".join(_request(request) for request in requests)
    return (
        f'<section class="approval" aria-label="Approval" data-conversation="{escape(conversation)}" '
        f'data-key="{fingerprint(conversation, requests)}">'
        f'<p class="approval-title" role="alert">{words}. Nothing has been run yet.</p>'
        f'{cards}<p class="hint">{hint}</p></section>'
    )


def read_decisions(requests: Sequence[ApprovalRequest], sent: Any, tools: Mapping[str, Tool]) -> dict[str, Decision]:
    """Reads what the page sent about requests; whatever is not clearly an approval is a refusal.

    Args:
        requests: What was shown.
        sent: A list of ``{"id", "choice", "arguments", "note"}``.
        tools: Which tools there are now.

    Raises:
        BadArguments: Changed arguments cannot be used.
    """
    rows = {str(row.get("id")): row for row in sent if isinstance(row, dict)} if isinstance(sent, list) else {}
    return {request.id: _decision(request, rows.get(request.id, {}), tools) for request in requests}


def changed_arguments(tool: str, text: str, tools: Mapping[str, Tool]) -> dict[str, Any]:
    """Reads the arguments that a person typed.

    Args:
        tool: The tool's name.
        text: One JSON object.
        tools: Which tools there are.

    Raises:
        BadArguments: It is none, or the tool does not take these arguments.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode()  # half a character cannot be passed on
    except json.JSONDecodeError as error:
        raise BadArguments(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except (RecursionError, UnicodeEncodeError) as error:
        raise BadArguments("This cannot be read as JSON.") from error
    if not isinstance(value, dict):
        raise BadArguments('This has to be one JSON object, such as {"name": "value"}.')
    if tool not in tools:
        raise BadArguments(f"There is no tool {tool} any more.")
    try:
        tools[tool].arguments.model_validate(value)
    except ValidationError as error:
        raise BadArguments(_mistakes(error)) from error
    return value


def _decision(request: ApprovalRequest, row: Mapping[str, Any], tools: Mapping[str, Tool]) -> Decision:
    match row.get("choice"):
        case "approve":
            return Decision(approved=True)
        case "change":
            arguments = changed_arguments(request.tool, str(row.get("arguments")), tools)
            return Decision(approved=True, arguments=arguments)
    return Decision(approved=False, note=" ".join(str(row.get("note") or "").split())[:MAX_NOTE] or REFUSED)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadArguments(f"{twice} stands there twice.")
    return dict(pairs)


def _no_number(name: str) -> None:
    raise BadArguments(f"{name} is no number in JSON.")


def _mistakes(error: ValidationError) -> str:
    rows = [(".".join(map(str, row["loc"])), row["msg"]) for row in error.errors(include_url=False)]
    return "; ".join(f"{where or 'the arguments'}: {what}" for where, what in rows[:MAX_MISTAKES]) + "."


def _request(request: ApprovalRequest) -> str:
    tool, key = escape(request.tool), escape(request.id)
    touches = [f"<b>{escape(TOUCHES.get(touch, touch))}</b>" for touch in request.touches]  # type: ignore[call-overload]
    touched = f'<p class="touches">It may change or reach {listed(touches)}.</p>' if touches else ""
    odd = is_odd(json.dumps(request.arguments, ensure_ascii=False))
    note = f'<p class="odd-note">{ODD}</p>' if odd else ""
    return (
        f'<article class="request" data-id="{key}" data-tool="{tool}" aria-label="Call of {tool}">'
        f"<h3><code>{tool}</code> wants to run</h3>"
        f'<p class="why">Approval is needed because {escape(request.reason)}.</p>{touched}'
        f"{_arguments(request.arguments)}{note}"
        f"<details{' open' if odd else ''}><summary>The same as JSON</summary>"
        f'<pre tabindex="0">{escape(escaped(request.arguments))}</pre></details>'
        f"{_choices()}{_editor(request)}{_refusal(key)}"
        '<div class="decided" role="status" hidden><span></span>'
        '<button type="button" data-do="back">Change your mind</button></div></article>'
    )


def _arguments(arguments: Mapping[str, Any]) -> str:
    if not arguments:
        return '<p class="arguments">It takes no arguments.</p>'
    return f'<dl class="arguments">{"".join(_argument(name, value) for name, value in arguments.items())}</dl>'


def _argument(name: str, value: Any) -> str:
    if isinstance(value, str):
        kind = f"text, {len(value):,} character{'s' * (len(value) != 1)}" if value else "text, empty"
        shown = exact_html(value)
    else:
        kind, shown = KINDS.get(type(value), "value"), exact_html(json.dumps(value, ensure_ascii=False, indent=2))
    label = escape(f"{''.join(filter(str.isprintable, name))}, {kind}")
    return (
        f'<dt><code>{exact_html(name)}</code> <span class="kind">{kind}</span></dt>'
        f'<dd><pre tabindex="0" role="region" aria-label="{label}" dir="ltr">{shown}</pre></dd>'
    )


def _choices() -> str:
    return (
        '<div class="choices"><button type="button" data-do="approve">Approve</button>'
        '<button type="button" data-do="edit">Change …</button>'
        '<button type="button" data-do="doubt">Refuse …</button></div>'
    )


def _editor(request: ApprovalRequest) -> str:
    name, text = f"change-{escape(request.id)}", escape(editable(request.arguments))
    return (
        f'<div class="change" hidden><label for="{name}">The arguments that it is to run with, as JSON</label>'
        f'<textarea id="{name}" spellcheck="false" autocomplete="off" aria-describedby="{name}-mistake">'
        f"{text}</textarea>"
        f'<p class="mistake" id="{name}-mistake" role="alert"></p>'
        '<button type="button" data-do="change">Approve with these</button>'
        '<button type="button" data-do="back">Back</button></div>'
    )


def _refusal(key: str) -> str:
    return (
        f'<div class="refuse" hidden><label for="refuse-{key}">Why not? The assistant is told; it may stay empty'
        "</label>"
        f'<input id="refuse-{key}" type="text" maxlength="{MAX_NOTE}" autocomplete="off">'
        '<button type="button" data-do="refuse">Refuse</button>'
        '<button type="button" data-do="back">Back</button></div>'
    )
