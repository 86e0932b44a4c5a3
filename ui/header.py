"""The top line: who answers, how to get a stronger one, and what could not be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import gradio as gr

from assistant.session import Assistant, EngineInfo
from ui.assets import script


def make_header(assistant: Assistant) -> gr.HTML:
    """Makes the top line."""
    return gr.HTML(
        header_html(assistant.engine, assistant.toolbox.broken), elem_id="header", js_on_load=script("header.js")
    )


def header_html(engine: EngineInfo, broken: Mapping[str, str]) -> str:
    """Returns the top line.

    Args:
        engine: Which engine answers.
        broken: One line for each tool file that could not be loaded.
    """
    return (
        '<div class="bar">'
        '<button class="toggle" data-toggle="rail" aria-label="Conversations">☰</button>'
        f"<h1>Assistant</h1>{_engine(engine)}{_broken(broken)}"
        '<button class="toggle" data-toggle="evidence" aria-label="Sources">❝❞<span> Sources</span></button></div>'
    )


def _engine(engine: EngineInfo) -> str:
    name = f"<span>Answering: </span><b>{escape(engine.name)}</b>"
    if not engine.advice:
        return f'<div class="engine">{name}</div>'
    return (
        f'<details class="engine"><summary title="How to get a stronger one">{name}</summary>'
        f'<div class="popover"><b>How to get a stronger engine</b><p>{escape(engine.advice)}</p></div></details>'
    )


def _broken(broken: Mapping[str, str]) -> str:
    if not broken:
        return ""
    count = "1 tool file" if len(broken) == 1 else f"{len(broken)} tool files"
    rows = "".join(f"<li>{escape(reason)}</li>" for reason in broken.values())
    return (
        f'<details class="engine broken"><summary><span>{count} could not be loaded</span>'
        f'<b class="short" aria-hidden="true">⚠ {len(broken)}</b></summary>'
        f'<div class="popover"><b>The other tools work.</b><ul>{rows}</ul></div></details>'
    )
