"""Translates a few words."""

from __future__ import annotations

from typing import Literal

from assistant.plugin import ToolError, tool

Language = Literal["French", "German", "Italian", "Polish", "Spanish"]


@tool(examples=["translate 'good morning' into German"])
def translate_text(text: str, language: Language) -> str:
    """Translate a word or a sentence into another language.

    Args:
        text: What to translate.
        language: Into which language.
    """
    raise ToolError(f"the dictionary for {language} does not hold {text!r}")
