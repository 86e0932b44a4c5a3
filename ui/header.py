"""The top line: who answers, how to get a stronger one, and what could not be loaded."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import gradio as gr

from assistant.session import Assistant, EngineInfo
from ui.assets import script
from ui.language import LANGUAGES, Texts, texts

LOOKS = ("system", "light", "dark")


def make_header(assistant: Assistant) -> gr.HTML:
    """Makes the top line."""
    first = header_html(assistant.engine, assistant.toolbox.broken)
    return gr.HTML(first, elem_id="header", js_on_load=script("header.js"))


def header_html(engine: EngineInfo, broken: Mapping[str, str], t: Texts | None = None) -> str:
    """Returns the top line.

    Args:
        engine: Which engine answers.
        broken: One line for each tool file that could not be loaded.
        t: The page's texts; None is English.
    """
    t = t or texts()
    rail, sources = escape(t("header.conversations")), escape(t("header.sources"))
    return (
        f'<div class="bar" data-send="{escape(t("chat.send"))}" data-stop="{escape(t("chat.stop"))}">'
        f'<button class="toggle" data-toggle="rail" aria-label="{rail}">☰</button>'
        f"<h1>Assistant</h1>{_engine(engine, t)}{_broken(broken, t)}{_menu(t)}"
        f'<button class="toggle" data-toggle="evidence" aria-label="{sources}">❝❞<span> {sources}</span></button></div>'
    )


def _engine(engine: EngineInfo, t: Texts) -> str:
    name = f"<span>{escape(t('header.answering'))} </span><b>{escape(engine.name)}</b>"
    if not engine.advice:
        return f'<div class="engine">{name}</div>'
    return (
        f'<details class="engine"><summary title="{escape(t("header.stronger_hint"))}">{name}</summary>'
        f'<div class="popover"><b>{escape(t("header.stronger"))}</b><p>{escape(engine.advice)}</p></div></details>'
    )


def _broken(broken: Mapping[str, str], t: Texts) -> str:
    if not broken:
        return ""
    rows = "".join(f"<li>{escape(reason)}</li>" for reason in broken.values())
    return (
        f'<details class="engine broken"><summary><span>{escape(t.count("header.broken", len(broken)))}</span>'
        f'<b class="short" aria-hidden="true">⚠ {len(broken)}</b></summary>'
        f'<div class="popover"><b>{escape(t("header.others_work"))}</b><ul>{rows}</ul></div></details>'
    )


def _menu(t: Texts) -> str:
    languages = _choices("language", t("header.language"), [*LANGUAGES.items()], t.language)
    looks = _choices("look", t("header.look"), [(look, t(f"header.look_{look}")) for look in LOOKS], "system")
    return (
        f'<details class="menu"><summary aria-label="{escape(t("header.menu"))}" title="{escape(t("header.menu"))}">⚙'
        f'</summary><div class="popover">{languages}{looks}</div></details>'
    )


def _choices(name: str, title: str, choices: list[tuple[str, str]], chosen: str) -> str:
    buttons = "".join(
        f'<button data-{name}="{key}" aria-pressed="{str(key == chosen).lower()}">{escape(words)}</button>'
        for key, words in choices
    )
    return f'<div class="choices" role="group" aria-label="{escape(title)}"><b>{escape(title)}</b>{buttons}</div>'
