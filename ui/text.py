"""Text made safe for the chat's Markdown: what people, models and documents wrote is shown, never executed."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

from assistant.events import Citation
from ui.language import Texts, texts

# A fenced block, to its end or to the end of a text that is still streaming, or a code span.
CODE = re.compile(r"(^(`{3,}|~{3,}).*?(?:^\2|\Z)|(`+)(?!`).+?(?<!`)\3(?!`))", re.DOTALL | re.MULTILINE)
MARKER = re.compile(r"\[(\d+)\]")
# What means something to Markdown, HTML or LaTeX anywhere, and what does at the beginning of a line.
ACTIVE = re.compile(r"[\\`*_{}\[\]#|<>~$&]")
LINE_START = re.compile(r"^([ \t]*)(\d*)([-+=.)]?)", re.MULTILINE)
PICTURE = re.compile(r"!(?=\[)")
TAG = re.compile(r"<(?=[A-Za-z/!?])")


def plain(text: str) -> str:
    """Returns Markdown that shows a text exactly as it was typed, line breaks included."""
    text = ACTIVE.sub(lambda match: f"&#{ord(match[0])};", text)
    return LINE_START.sub(lambda m: _blanks(m[1]) + m[2] + (f"&#{ord(m[3])};" if m[3] else ""), text)


def prose(text: str) -> str:
    """Returns Markdown without HTML and without pictures, which could be fetched from anywhere."""
    return _outside_code(text, lambda part: TAG.sub("&lt;", PICTURE.sub("&#33;", part)))


def linked(text: str, citations: Sequence[Citation], turn: int) -> str:
    """Returns Markdown whose ``[n]`` are links to ``#source-turn-n``.

    The targets are link definitions below the text, so that a copied answer keeps its plain ``[n]`` and
    the list of its sources.

    Args:
        text: Markdown.
        citations: What the numbers stand for; other numbers stay text.
        turn: Position of the turn in the conversation.
    """
    if not citations:
        return text
    known = {str(citation.n) for citation in citations}
    # Two markers in a row would be one link, and a bracket behind one its target.
    text = _outside_code(text, lambda part: re.sub(r"(?<=\d\])(?=[\[(:])", "&#8203;", part))
    text = _outside_code(text, lambda part: MARKER.sub(lambda m: m[0] if m[1] in known else f"&#91;{m[1]}&#93;", part))
    return "\n\n".join([text, "\n".join(_definition(citation, turn) for citation in citations)])


def marked(text: str, sentences: Sequence[str], before: str, after: str) -> tuple[str, list[str]]:
    """Puts marks around sentences of a Markdown text.

    Args:
        text: The text.
        sentences: With white space collapsed and citation markers left out, as the evidence check gives them.
        before: Set in front of each.
        after: Set behind each.

    Returns:
        The text and the sentences that could not be found in it.
    """
    missing = []
    for sentence in sentences:
        words = r"(?:\s|\[\d+\])+".join(map(re.escape, sentence.split()))
        match = re.search(words, text)
        if match:
            text = text[: match.start()] + before + match[0] + after + text[match.end() :]
        else:
            missing.append(sentence)
    return text, missing


def fenced(text: str, language: str = "") -> str:
    """Returns a code block that nothing in the text can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def shortened(text: str, limit: int, t: Texts | None = None) -> str:
    """Returns the text, cut with the number of characters that were left out."""
    if len(text) <= limit:
        return text
    t = t or texts()
    return f"{text[:limit].rstrip()} … {t('turn.more_characters', n=t.number(len(text) - limit))}"


def listed(words: Sequence[str], joint: str = "and") -> str:
    """Returns words as a sentence lists them: "a, b and c"."""
    return f" {joint} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def size_words(size: int) -> str:
    """Returns a size in bytes as people read it."""
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, size // 1000):,} kB"  # noqa: PLR2004 — a megabyte


def place(citation: Citation) -> str:
    """Returns title and page."""
    return f"{citation.title}, page {citation.page}" if citation.page else citation.title


def _blanks(indent: str) -> str:
    """White space that Markdown does not take for the beginning of a code block."""
    return indent.replace("\t", "    ").replace(" ", "&nbsp;")


def _definition(citation: Citation, turn: int) -> str:
    title = html.escape(" ".join(place(citation).split())).replace("\\", "&#92;")
    return f'[{citation.n}]: #source-{turn}-{citation.n} "{title}"'


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts, end = [], 0
    for match in CODE.finditer(text):
        parts += [change(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, change(text[end:])])
