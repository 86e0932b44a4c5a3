"""Markdown read outside of the chat, for dialogs and exports. Tags in it are shown, never obeyed."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token


@cache
def _reader() -> MarkdownIt:
    # Without "html" tags are text; pictures are left out, since they could be fetched from anywhere.
    return MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").disable("image")


def html_of(text: str) -> str:
    """Returns Markdown as HTML without scripts, tags of its own or pictures."""
    return str(_reader().render(text))


def tokens_of(text: str) -> list[Token]:
    """Returns the blocks of a Markdown text."""
    return _reader().parse(text)
