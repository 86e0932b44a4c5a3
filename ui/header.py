"""The top line: who answers, how to get a stronger one, and what could not be loaded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from html import escape

import gradio as gr

from assistant.engine_info import EngineInfo
from assistant.session import Assistant
from ui.assets import script
from ui.language import LANGUAGES, Texts, preferred, texts
from ui.reasons import engine_words
from ui.voice import voice_data

# How often the top line is drawn while a model is loaded.
SECONDS_BETWEEN_UPDATES = 0.5
LOOKS = ("system", "light", "dark")
KEYS = ("?", "/", "n", "s", "b", "e", "c", "r", "1 – 9", "Esc")
KEY_NAMES = ("help", "ask", "new", "find", "rail", "sources", "copy", "again", "tab", "stop")


def make_header(assistant: Assistant) -> gr.HTML:
    """Makes the top line."""
    scripts = script("header.js") + script("keys.js") + script("reading.js")
    first = header_html(assistant.engine, assistant.toolbox.broken)
    return gr.HTML(first, elem_id="header", js_on_load=scripts)


async def loading(assistant: Assistant, request: gr.Request) -> AsyncGenerator[str, None]:
    """Yields the top line as the model's server comes up, until it is ready."""
    assert assistant.engine.vllm
    words = texts(preferred(request))
    async with aclosing(assistant.engine.vllm.follow()) as states:
        async for state in states:
            yield header_html(assistant.engine, assistant.toolbox.broken, words)
            if state.phase == "ready":
                return
            await asyncio.sleep(SECONDS_BETWEEN_UPDATES)


def header_html(engine: EngineInfo, broken: Mapping[str, str], t: Texts | None = None) -> str:
    """Returns the top line.

    Args:
        engine: Which engine answers.
        broken: One line for each tool file that could not be loaded.
        t: The page's texts; None is English.
    """
    t = t or texts()
    rail, sources = escape(t("header.conversations")), escape(t("header.sources"))
    said = {
        "send": "chat.send",
        "stop": "chat.stop",
        "save": "header.save_table",
        "close": "dialogs.close",
        "attach": "attach.name",
        "long": "chat.long",
        "as-file": "chat.as_file",
        "leave": "chat.leave",
        "pasted": "chat.pasted",
    }
    words = " ".join(f'data-{name}="{escape(t(key))}"' for name, key in said.items())
    return (
        f'<div class="bar" {words} {voice_data(t)}>'
        f'<button class="toggle" data-toggle="rail" aria-label="{rail}">☰</button>'
        f"<h1>Assistant</h1>{_engine(engine, t)}{_broken(broken, t)}{_menu(t)}"
        f'<button class="toggle" data-toggle="evidence" aria-label="{sources}">❝❞<span> {sources}</span></button></div>'
        f"{_keys(t)}"
    )


def _engine(engine: EngineInfo, t: Texts) -> str:
    name = f"<span>{escape(t('header.answering'))} </span><b>{escape(engine_words(engine.name, t))}</b>"
    state = engine.vllm.state if engine.vllm else None
    if state and state.phase == "failed":
        return (
            f'<details class="engine broken"><summary>{name} {escape(t("header.not_running"))}</summary>'
            f'<div class="popover"><b>{escape(t("header.why_not"))}</b>'
            f"<p>{escape(state.progress.message)}</p></div></details>"
        )
    if state and state.phase == "loading":
        return f'<div class="engine" role="status">{name} {escape(t("header.loading", what=str(state.progress)))}</div>'
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
        f'</summary><div class="popover">{languages}{looks}<button data-keys>{escape(t("header.keys"))}</button></div>'
        "</details>"
    )


def _choices(name: str, title: str, choices: list[tuple[str, str]], chosen: str) -> str:
    buttons = "".join(
        f'<button data-{name}="{key}" aria-pressed="{str(key == chosen).lower()}">{escape(words)}</button>'
        for key, words in choices
    )
    return f'<div class="choices" role="group" aria-label="{escape(title)}"><b>{escape(title)}</b>{buttons}</div>'


def _keys(t: Texts) -> str:
    rows = "".join(
        f"<tr><th scope='row'><kbd>{key}</kbd></th><td>{escape(t(f'header.key_{name}'))}</td></tr>"
        for key, name in zip(KEYS, KEY_NAMES, strict=True)
    )
    return (
        f'<dialog class="keys" aria-labelledby="keys-title"><header><h2 id="keys-title">{escape(t("header.keys"))}</h2>'
        f'<button class="close" data-close aria-label="{escape(t("dialogs.close"))}">×</button></header>'
        f"<table><tbody>{rows}</tbody></table></dialog>"
    )
