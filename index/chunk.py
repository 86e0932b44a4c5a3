"""From pages to passages: a few sentences of one section each, sized for the embedder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from index.sentences import sentences
from index.types import ReadDocument

CountTokens = Callable[[Sequence[str]], list[int]]
MARKS = 2  # what the model adds at both ends
# A word of a thousand letters is one token to some models; nobody can read, or quote, a passage of such words.
CHARACTERS_PER_TOKEN = 16
SEPARATOR = " > "
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE)
_WITHOUT_HEADINGS = frozenset({"text", "code"})


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage to be.

    Attributes:
        page: Which page of the document, counted from 0.
        start: First character in the page's text.
        end: One past the last.
        heading: The headings above it, outermost first, joined by `` > ``.
        text: The exact words.
    """

    page: int
    start: int
    end: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class _Section:
    page: int
    start: int
    end: int
    headings: tuple[str, ...]


def chunk(document: ReadDocument, count_tokens: CountTokens, max_tokens: int) -> list[Chunk]:
    """Cuts a document into passages.

    A passage is a run of whole sentences under one heading on one page; only a sentence that is longer than the
    embedder reads is cut, between words where it has any. Sections that take several passages are cut into even ones.

    Args:
        document: What a reader made of a file.
        count_tokens: The embedder's measure.
        max_tokens: The embedder's limit, its marks included.

    Returns:
        The passages in reading order; ``pages[page].text[start:end] == text`` for each.
    """

    def measure(texts: Sequence[str]) -> list[int]:
        counts = zip(texts, count_tokens(texts), strict=True)
        return [max(count, len(text) // CHARACTERS_PER_TOKEN) for text, count in counts]

    chunks = []
    for section in _sections(document):
        text, heading = document.pages[section.page].text, SEPARATOR.join(section.headings)
        taken = min(measure([context(document.title, heading)])[0], max_tokens // 4)
        for start, end in _passages(text, section, measure, max(1, max_tokens - MARKS - taken)):
            chunks.append(Chunk(section.page, start, end, heading, text[start:end]))
    return chunks


def context(title: str, heading: str) -> str:
    """What a passage is embedded and indexed with beside its own words: the title and the headings, each once."""
    parts = [title, *(part for part in heading.split(SEPARATOR) if part and part != title)]
    return SEPARATOR.join(filter(None, parts))


def embedded_text(title: str, heading: str, text: str) -> str:
    """What is embedded for a passage: its words after the title and the headings that they stand under."""
    return f"{context(title, heading)}\n{text}"


def _sections(document: ReadDocument) -> Iterator[_Section]:
    """The stretches between headings; headings hold on from page to page."""
    stack: dict[int, str] = {}
    for number, page in enumerate(document.pages):
        start, open_heading = 0, None
        for match in () if document.kind in _WITHOUT_HEADINGS else _HEADING.finditer(page.text):
            yield from _section(page.text, number, (start, match.start()), stack, open_heading, len(match[1]))
            stack = {level: text for level, text in stack.items() if level < len(match[1])}
            if match[2]:
                stack[len(match[1])] = match[2]
            start, open_heading = match.end(), match
        yield from _section(page.text, number, (start, len(page.text)), stack, open_heading, 0)


def _section(
    text: str, page: int, span: tuple[int, int], stack: dict[int, str], heading: re.Match[str] | None, next_level: int
) -> Iterator[_Section]:
    """The body below a heading, or the heading itself where there is nothing below it, not even a lesser heading."""
    if text[slice(*span)].strip():
        yield _Section(page, *span, tuple(stack.values()))
    elif heading and heading[2] and next_level <= len(heading[1]):
        yield _Section(page, *heading.span(2), tuple(stack.values())[:-1])


def _passages(text: str, section: _Section, count_tokens: CountTokens, limit: int) -> Iterator[tuple[int, int]]:
    spans = [(section.start + a, section.start + b) for a, b in sentences(text[section.start : section.end])]
    counts = count_tokens([text[a:b] for a, b in spans])
    fitting: list[tuple[int, int, int]] = []
    for (start, end), count in zip(spans, counts, strict=True):
        fitting += [(start, end, count)] if count <= limit else _cut(text, start, end, count_tokens, limit)
    yield from _packed(fitting, limit)


def _packed(spans: list[tuple[int, int, int]], limit: int) -> Iterator[tuple[int, int]]:
    """As few runs of spans as hold them, about equal in tokens."""
    left = sum(count for *_, count in spans)
    run: list[tuple[int, int]] = []
    held, share = 0, 0.0
    for start, end, count in spans:
        if run and (held + count > limit or held + count / 2 > share):
            yield run[0][0], run[-1][1]
            left, run, held = left - held, [], 0
        if not run:
            share = left / max(1, ceil(left / limit))
        run.append((start, end))
        held += count
    if run:
        yield run[0][0], run[-1][1]


def _cut(text: str, start: int, end: int, count_tokens: CountTokens, limit: int) -> list[tuple[int, int, int]]:
    """Pieces of a sentence that is too long, halved between words until they fit."""
    count = count_tokens([text[start:end]])[0]
    if count <= limit or end - start == 1:
        return [(start, end, count)]
    middle = _between_words(text, start, end)
    left, right = len(text[start:middle].rstrip()), len(text[middle:end].lstrip())
    return _cut(text, start, start + left, count_tokens, limit) + _cut(text, end - right, end, count_tokens, limit)


def _between_words(text: str, start: int, end: int) -> int:
    """The white space nearest to the middle, else the middle."""
    middle = (start + end) // 2
    after = next((i for i in range(middle, end - 1) if text[i].isspace()), None)
    before = next((i for i in range(middle, start, -1) if text[i].isspace()), None)
    if after is None or before is None:
        return after or before or middle
    return min(after, before, key=lambda i: abs(i - middle))
