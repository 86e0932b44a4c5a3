"""The list of adapters to choose from, one for each conversation."""

from __future__ import annotations

import gradio as gr

from assistant.session import Assistant
from ui.language import label
from ui.view import View


def make_chooser() -> gr.Dropdown:
    """Makes the list; empty and hidden until the engine has been asked."""
    return gr.Dropdown([], value=None, label=label("chat.adapter"), visible=False, elem_id="adapter")


async def chooser(assistant: Assistant, view: View) -> gr.Dropdown:
    """Returns the list as it is for what a tab shows; hidden where there is no choice.

    Args:
        assistant: Whose engine.
        view: What the tab shows.
    """
    names = list(await assistant.engine.adapters())
    if view.adapter and view.adapter not in names:
        names.append(view.adapter)
    choices = [(view.t("chat.no_adapter"), ""), *((name, name) for name in names)]
    return gr.Dropdown(choices, value=view.adapter, label=label("chat.adapter"), visible=bool(names), elem_id="adapter")
