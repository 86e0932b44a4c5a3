"""The approval card: what a waiting call would do, to be approved, changed or refused."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
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
from ui.language import Texts, texts
from ui.text import listed

MAX_NOTE = 500
CHOICES = ("approve", "change", "refuse")
MAX_MISTAKES = 5
TOUCHES: tuple[Touch, ...] = ("network", "files", "world")
KINDS = {bool: "truth", int: "number", float: "number", list: "list", dict: "object", type(None): "nothing"}


class BadArguments(ValueError):
    """Changed arguments cannot be used; the text says where and why."""


# A larger film is not put into the card.
MAX_FILM = 2_000_000


def make_card(assistant: Assistant, elem_id: str = "approval") -> gr.HTML:
    """Makes the place of the card, empty; a decision is its ``decide`` event.

    Args:
        assistant: Whose tools say whether changed arguments fit.
        elem_id: Names the place; the one of the conversation is that of the page.
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
    scripts = script("approval.js") + (script("artifacts.js") if elem_id == "approval" else "")
    return gr.HTML("", elem_id=elem_id, js_on_load=scripts, container=False, server_functions=[check])


def fingerprint(conversation: str, requests: Sequence[ApprovalRequest]) -> str:
    """Returns what names exactly these requests, so that a decision about others is told from one about these."""
    text = json.dumps([conversation, [asdict(request) for request in requests]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def card_html(conversation: str, requests: Sequence[ApprovalRequest], t: Texts | None = None) -> str:
    """Returns the card; empty where nothing waits.

    Args:
        conversation: Where they wait.
        requests: What waits.
        t: The page's texts; None is English.
    """
    if not requests:
        return ""
    t, count = t or texts(), len(requests)
    words, hint = escape(t.count("approval.title", count)), escape(t.count("approval.hint", count))
    cards = "".join(_request(request, t) for request in requests)
    said = " ".join(f'data-{choice}="{escape(t(f"approval.said_{choice}"))}"' for choice in CHOICES)
    return (
        f'<section class="approval" aria-label="{escape(t("approval.name"))}" '
        f'data-conversation="{escape(conversation)}" data-key="{fingerprint(conversation, requests)}" {said}>'
        f'<p class="approval-title" role="alert">{words}</p>{cards}<p class="hint">{hint}</p></section>'
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


def _request(request: ApprovalRequest, t: Texts) -> str:
    tool, key = escape(request.tool), escape(request.id)
    touches = [f"<b>{escape(t(f'approval.{each}') if each in TOUCHES else each)}</b>" for each in request.touches]
    touched = t("approval.touches", touches=listed(touches, t("turn.and"))) if touches else ""
    touched = f'<p class="touches">{touched}</p>' if touched else ""
    odd = is_odd(json.dumps(request.arguments, ensure_ascii=False))
    note = f'<p class="odd-note">{escape(t("approval.odd"))}</p>' if odd else ""
    name = f"<code>{tool}</code>"
    return (
        f'<article class="request" data-id="{key}" data-tool="{tool}" '
        f'aria-label="{escape(t("approval.call_of", tool=request.tool))}">'
        f"<h3>{t('approval.wants', tool=name)}</h3>"
        f'<p class="why">{escape(t("approval.because", reason=_because(request, t)))}</p>'
        f"{touched}{_arguments(request.arguments, t)}{note}{_preview(request)}"
        f"<details{' open' if odd else ''}><summary>{escape(t('approval.as_json'))}</summary>"
        f'<pre tabindex="0">{escape(escaped(request.arguments))}</pre></details>'
        f"{_choices(t)}{_editor(request, t)}{_refusal(key, t)}"
        f'<div class="decided" role="status" hidden><span></span>{_button("back", "change_mind", t)}</div></article>'
    )


def _preview(request: ApprovalRequest) -> str:
    """What the call would do, with its film: within the card, since nobody has asked for a file of it yet."""
    said = f'<p class="preview">{escape(request.preview)}</p>' if request.preview else ""
    path = Path(request.film)
    if not request.film or not path.is_file() or path.stat().st_size > MAX_FILM:
        return said
    data = base64.b64encode(path.read_bytes()).decode()
    name = escape(path.name)
    return (
        f'{said}<video class="preview" src="data:video/mp4;base64,{data}" controls muted aria-label="{name}"></video>'
    )


def _arguments(arguments: Mapping[str, Any], t: Texts) -> str:
    if not arguments:
        return f'<p class="arguments">{escape(t("approval.no_arguments"))}</p>'
    return f'<dl class="arguments">{"".join(_argument(name, value, t) for name, value in arguments.items())}</dl>'


def _argument(name: str, value: Any, t: Texts) -> str:
    if isinstance(value, str):
        kind = t.count("approval.text", len(value)) if value else t("approval.text_empty")
        shown = exact_html(value)
    else:
        kind = t(f"approval.kind_{KINDS.get(type(value), 'value')}")
        shown = exact_html(json.dumps(value, ensure_ascii=False, indent=2))
    label = escape(f"{''.join(filter(str.isprintable, name))}, {kind}")
    return (
        f'<dt><code>{exact_html(name)}</code> <span class="kind">{escape(kind)}</span></dt>'
        f'<dd><pre tabindex="0" role="region" aria-label="{label}" dir="ltr">{shown}</pre></dd>'
    )


def _button(action: str, words: str, t: Texts) -> str:
    return f'<button type="button" data-do="{action}">{escape(t(f"approval.{words}"))}</button>'


def _choices(t: Texts) -> str:
    buttons = _button("approve", "approve", t) + _button("edit", "change", t) + _button("doubt", "refuse_", t)
    return f'<div class="choices">{buttons}</div>'


def _editor(request: ApprovalRequest, t: Texts) -> str:
    name, text = f"change-{escape(request.id)}", escape(editable(request.arguments))
    return (
        f'<div class="change" hidden><label for="{name}">{escape(t("approval.as_what"))}</label>'
        f'<textarea id="{name}" spellcheck="false" autocomplete="off" aria-describedby="{name}-mistake">'
        f"{text}</textarea>"
        f'<p class="mistake" id="{name}-mistake" role="alert"></p>'
        f"{_button('change', 'approve_these', t)}{_button('back', 'back', t)}</div>"
    )


def _because(request: ApprovalRequest, t: Texts) -> str:
    key = f"approval.because_{request.code}"
    touched = listed([t(f"approval.touch_{each}") for each in request.touches], t("approval.and"))
    return t(key, touched=touched) if key in t else request.reason


def _refusal(key: str, t: Texts) -> str:
    return (
        f'<div class="refuse" hidden><label for="refuse-{key}">{escape(t("approval.why_not"))}</label>'
        f'<input id="refuse-{key}" type="text" maxlength="{MAX_NOTE}" autocomplete="off">'
        f"{_button('refuse', 'refuse', t)}{_button('back', 'back', t)}</div>"
    )
