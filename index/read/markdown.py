"""Markdown, kept as it is written, so that a quote can be found again in the file."""

from __future__ import annotations

import re

from index.read.clean import clean, not_headings, title_or
from index.read.decode import decode
from index.types import Page, ReadDocument

_FENCE_OR_COMMENT = re.compile(
    r"^(?P<fence>[ ]{0,3}(?P<mark>```+|~~~+).*?(?:^[ ]{0,3}(?P=mark)|\Z))|<!--.*?-->", re.M | re.S
)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>.*?\n)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_SETEXT = re.compile(
    r"(?:\A|(?<=\n\n))(?![ \t]*(?:[-*+>#|]|\d+[.)]))[ ]{0,3}(?P<text>\S[^\n]*)\n[ ]{0,3}(?P<rule>=+|-{2,})[ \t]*$", re.M
)
_TITLE_FIELD = re.compile(r"^title:[ \t]*(?P<quote>[\"']?)(?P<title>.+?)(?P=quote)[ \t]*$", re.M)
_FIRST_HEADING = re.compile(r"^#{1,6}[ \t]+(?P<title>.+?)[ \t]*#*$", re.M)


def read_markdown(data: bytes, name: str) -> ReadDocument:
    """Read Markdown; the title is the one in the front matter, else the first heading, else the file's name.

    Comments, which no reader of the rendered page sees, are left out, and underlined headings become
    ``#`` lines, so that all headings look alike to what comes next.
    """
    front, body = _split_front_matter(clean(decode(data)))
    body = _SETEXT.sub(_atx, _FENCE_OR_COMMENT.sub(_guard, body))
    title = _TITLE_FIELD.search(front) or _FIRST_HEADING.search(body)
    return ReadDocument(
        title=title_or(title["title"] if title else "", name),
        kind="markdown",
        pages=(Page(None, clean(f"{front}\n{body}")),),
    )


def _split_front_matter(text: str) -> tuple[str, str]:
    match = _FRONT_MATTER.match(text)
    return (match["fields"], text[match.end() :]) if match else ("", text)


def _guard(match: re.Match[str]) -> str:
    """Comments go; a fenced block stays, with nothing in it that looks like a heading."""
    return not_headings(match["fence"]) if match["fence"] else ""


def _atx(match: re.Match[str]) -> str:
    return ("# " if match["rule"].startswith("=") else "## ") + match["text"].strip()
