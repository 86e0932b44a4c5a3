"""The conversation: the chat, the line to ask in, and which events of theirs lead where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from assistant.schema import Tool
from ui.asking import Asking
from ui.assets import script
from ui.attaching import Attaching
from ui.deciding import Deciding
from ui.deeds import Deeds
from ui.evidence import EVENT
from ui.examples import examples
from ui.language import label, texts
from ui.shelving import Shelving
from ui.stage import Stage


def make_chat(tools: Mapping[str, Tool]) -> gr.Chatbot:
    """Makes the chat with its examples.

    Args:
        tools: Which there are.
    """
    return gr.Chatbot(
        elem_id="chat",
        label=label("chat.name"),
        show_label=False,
        container=False,
        height="100%",
        placeholder=label("chat.welcome"),  # type: ignore[arg-type]  # translated in the browser
        examples=examples(tools, texts(), english=True),
        latex_delimiters=[
            {"left": "$$", "right": "$$", "display": True},
            {"left": "\\(", "right": "\\)", "display": False},
            {"left": "\\[", "right": "\\]", "display": True},
        ],
        allow_tags=False,
        buttons=[],
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


def make_draft(longest: int) -> gr.HTML:
    """Makes the place of words about the next question and of dialogs; the chat's buttons are its events.

    Args:
        longest: Characters that a question may have.
    """
    scripts = f"const longest = {longest};\n{script('long.js', 'retouch.js', 'deeds.js')}"
    return gr.HTML("", elem_id="draft", js_on_load=scripts, container=False)


def connect(stage: Stage, new: gr.Button, find: gr.Textbox, attach: gr.UploadButton) -> Shelving:
    """Connects the components' events with what happens on them.

    Returns:
        What happens when the page is opened and another library is chosen.
    """
    parts = stage.parts
    asking, deciding, shelving = Asking(stage), Deciding(stage), Shelving(stage)
    deeds = Deeds(stage, asking)
    who, seen = parts.who, parts.changed
    # More than once at a time: a question may be asked while the answer of another conversation still runs.
    many: dict[str, Any] = {"trigger_mode": "multiple", **EVENT}
    parts.box.submit(asking.ask, [parts.box, *who], seen, **many)  # type: ignore[attr-defined]
    parts.chat.example_select(asking.example, who, seen, **many)
    parts.chat.option_select(asking.option, who, seen, **many)
    parts.card.decide(deciding.decide, who, seen, **many)
    parts.draft.act(deeds.act, who, seen, **many)
    parts.box.stop(asking.stop, who, None, **EVENT)  # type: ignore[attr-defined]
    new.click(shelving.new, who, seen, **EVENT)
    attach.upload(Attaching(stage).attach, [attach, *who], [parts.draft, parts.history], **many)
    find.change(shelving.find, [find, *who], [parts.history], trigger_mode="always_last", **EVENT)
    parts.history.act(shelving.act, who, seen, **many)
    return shelving
