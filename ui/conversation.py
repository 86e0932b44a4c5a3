"""The conversation: the chat, the line to ask in, and which events of theirs lead where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.samples import QUESTIONS
from ui.evidence import EVENT
from ui.handlers import Handlers, Parts
from ui.language import label

# Questions of these kinds are shown first, so that the examples show what can be asked.
KINDS = ("answered", "answered", "computed", "declined")


def make_chat() -> gr.Chatbot:
    """Makes the chat with its examples."""
    return gr.Chatbot(
        elem_id="chat",
        label=label("chat.name"),
        show_label=False,
        container=False,
        height="100%",
        placeholder=label("chat.welcome"),
        examples=example_messages(QUESTIONS),
        latex_delimiters=[
            {"left": "$$", "right": "$$", "display": True},
            {"left": "\\(", "right": "\\)", "display": False},
            {"left": "\\[", "right": "\\]", "display": True},
        ],
        allow_tags=False,
        buttons=["copy"],
        feedback_options=None,
    )


def make_box() -> gr.Textbox:
    """Makes the line to ask in."""
    return gr.Textbox(
        elem_id="ask",
        placeholder=label("chat.ask"),
        label=label("chat.question"),
        show_label=False,
        container=False,
        lines=1,
        max_lines=8,
        autofocus=True,
        submit_btn=True,
        stop_btn=False,
    )


def example_messages(path: Path) -> list[Any]:
    """Returns one example question for each of ``KINDS`` from the samples' file; none where it is missing."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    chosen: list[dict[str, str]] = []
    for kind in KINDS:
        row = next((row for row in rows if row["expect"] == kind and row not in chosen), None)
        chosen += [row] if row else []
    return [{"text": row["question"], "display_text": row["question"]} for row in chosen]


def changed(parts: Parts) -> list[Any]:
    """Returns the components that an event of the conversation may change."""
    return [parts.header, parts.library, parts.chat, parts.card, parts.box, parts.evidence, parts.history]


def connect(handlers: Handlers, new: gr.Button) -> None:
    """Connects the components' events with what happens on them."""
    parts, seen = handlers.parts, changed(handlers.parts)
    who = [parts.token, parts.view]
    # More than once at a time: a question may be asked while the answer of another conversation still runs.
    parts.box.submit(handlers.ask, [parts.box, *who], seen, trigger_mode="multiple", **EVENT)
    parts.chat.example_select(handlers.example, who, seen, trigger_mode="multiple", **EVENT)
    parts.chat.option_select(handlers.again, who, seen, trigger_mode="multiple", **EVENT)
    parts.card.decide(handlers.decide, who, seen, trigger_mode="multiple", **EVENT)
    parts.box.stop(handlers.stop, who, None, **EVENT)
    new.click(handlers.new, who, seen, **EVENT)
    parts.history.act(handlers.act, who, seen, trigger_mode="multiple", **EVENT)
