"""The microphone beside the question, and what is told about speech."""

from __future__ import annotations

import json
from html import escape

import gradio as gr

from assistant.settings import VoiceServer
from ui.assets import script
from ui.language import Texts

WORDS = (
    "listen",
    "browser",
    "hearing",
    "writing",
    "silence",
    "denied",
    "missing",
    "insecure",
    "network",
    "large",
    "lost",
    "lost_voice",
    "again",
    "drop",
    "speaking",
    "mute",
)


def make_voice(server: VoiceServer | None) -> gr.HTML:
    """Makes the microphone; browsers that can neither record nor recognise do not show it.

    Args:
        server: Where speech becomes text and text becomes speech; None leaves both to the browser.
    """
    hears, speaks = bool(server and server.hears), bool(server and server.speaks)
    most = server.max_mb if server else 0
    does = f"{' data-hears=yes' if hears else ''}{' data-speaks=yes' if speaks else ''} data-most={most}"
    button = f'<button type="button" class="mic" aria-pressed="false"{does} hidden></button>'
    body = f'{button}<div class="said" role="status" hidden></div>'
    return gr.HTML(body, elem_id="voice", js_on_load=script("voice.js"), container=False)


def voice_data(t: Texts) -> str:
    """Returns what the browser may have to say about speech, as an attribute of HTML."""
    words = {"language": t.language} | {word: t(f"voice.{word}") for word in WORDS}
    return f'data-voice="{escape(json.dumps(words, ensure_ascii=False))}"'
