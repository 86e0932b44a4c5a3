"""From the lines printed on a PDF's pages to paragraphs that read like sentences.

A PDF knows where characters stand, not which lines belong together. The rules are a typesetter's: a
paragraph ends where the next word would still have fitted on the line, where the gap, the size or the
indentation changes, or where a list item begins.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from index.read.clean import CELL, HEADING_LIKE, clean
from index.types import Box
from index.types import Line as PlacedLine

HYPHENS = frozenset("\x02\ufffe")
"""What PDFium puts in place of a hyphen at which a word was broken."""

CELL_GAP = 1.8
"""How many line heights of white make two words two cells; justified text stays below."""

_ENDS = tuple('.!?:;"”»)]')
_BULLET = re.compile(r"^\s*(?:[•◦▪▫●○■□‣∙·\u2043\u2013—*\uf0b7\uf0a7]\s|[-+]\s+\S)")
_NUMBER = re.compile(r"^\s*(?:\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]|\[\d{1,3}\])\s")
_LEADER = re.compile(r"\s*(?:\.\s?){4,}")
_PAGE_NUMBER = re.compile(
    r"^\W*(?:page|p\.|seite|s\.)?\s*(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:/|of|von|-)\s*\d{1,4})?\W*$", re.I
)
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_FIRST_WORD = re.compile(r"^[^\W\d_]+")

_SAME_SIZE = 0.12
_GAP = 1.3
_ROW_PITCH = 2.0
_TOUCHING = 0.12
_HEADING_SIZE = 1.15
_HEADING_LENGTH = 120
_HEADING_RATIOS = ((1.6, "# "), (1.3, "## "), (0.0, "### "))
_RUN_OF_HEADINGS = 3
_LINES_TO_TELL_SPACING = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line, in points from the page's lower left corner.

    Attributes:
        text: Its characters; a trailing member of ``HYPHENS`` says that a word goes on in the next line.
        left: Left edge of the first character.
        right: Right edge of the last character.
        bottom: Lower edge of the median character.
        height: Height of the median character's box, which grows with the size of the type.
        box: Around it, as a viewer shows the page; None where that is not wanted.
    """

    text: str
    left: float
    right: float
    bottom: float
    height: float
    box: Box | None = None

    @property
    def first_word_width(self) -> float:
        """About how wide the first word is, with the space before it."""
        words = self.text.split(maxsplit=1)
        return (self.right - self.left) * (len(words[0]) + 1) / max(len(self.text.strip()), 1) if words else 0.0

    @property
    def broken(self) -> bool:
        """Whether the line ends within a word."""
        return self.text[-1:] in HYPHENS

    @property
    def row(self) -> bool:
        """Whether it is the row of a table or of contents."""
        return CELL in self.text


@dataclass(slots=True)
class Paragraph:
    """A paragraph, or what else stands between two blank lines.

    Attributes:
        text: Its words.
        height: That of its type; 0 for what is no print.
        lines: Where its printed lines stand, spans counting in its text.
    """

    text: str
    height: float
    lines: list[PlacedLine] = field(default_factory=list)

    @property
    def box(self) -> Box | None:
        """Around all of it."""
        return around([line.box for line in self.lines])

    def add(self, text: str, more: Line) -> None:
        """Goes on to a text that ends with the words of another line."""
        start = len(text) - len(more.text.strip())
        self.text = text
        self.lines = [replace(line, end=min(line.end, start)) for line in self.lines]
        if more.box:
            self.lines.append(PlacedLine(start, len(text), more.box))


def around(boxes: Sequence[Box | None]) -> Box | None:
    """The smallest box around boxes."""
    found = [box for box in boxes if box]
    if not found:
        return None
    return Box(
        min(box.left for box in found),
        min(box.top for box in found),
        max(box.right for box in found),
        max(box.bottom for box in found),
    )


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a page and where its lines stand, in the order of the text."""

    text: str
    lines: tuple[PlacedLine, ...]


def page_paragraphs(pages: Sequence[Sequence[Line]]) -> list[list[Paragraph]]:
    """Each page's paragraphs, headings marked, running heads and page numbers left out."""
    known = Counter(word.lower() for lines in pages for line in lines for word in _WORD.findall(line.text))
    paragraphs = [_paragraphs(_without_leaders(_merge_same_row(lines)), known) for lines in pages]
    body = _body_height(paragraphs)
    return [_with_headings(page, body) for page in _without_running_heads(paragraphs)]


def page_text(paragraphs: Sequence[Paragraph]) -> PageText:
    """Paragraphs apart by a blank line."""
    text, lines = "", list[PlacedLine]()
    for paragraph in paragraphs:
        start = len(text) + 2 if text else 0
        text = f"{text}\n\n{paragraph.text}" if text else paragraph.text
        lines += [PlacedLine(start + one.start, start + one.end, one.box) for one in paragraph.lines]
    final = clean(text)
    # Every line was clean already; where the whole is not, an accent has met its letter across two lines.
    return PageText(final, tuple(one for one in lines if one.start < one.end) if final == text else ())


def _merge_same_row(lines: Sequence[Line]) -> list[Line]:
    """A raised or lowered character starts a new line for PDFium; it belongs to the row that it stands on."""
    rows: list[Line] = []
    for line in lines:
        if rows and not rows[-1].broken and _on_same_row(rows[-1], line):
            rows[-1] = _beside(rows[-1], line)
        else:
            rows.append(line)
    return rows


def _without_leaders(lines: Sequence[Line]) -> list[Line]:
    """The dots that lead the eye to a page number are a gap between two cells; empty cells at the end are left out."""
    led = (replace(line, text=_LEADER.sub(CELL, line.text)) for line in lines)
    kept = (replace(line, text=line.text.rstrip(" |")) if line.row else line for line in led)
    return [line for line in kept if line.text.strip()]


def _on_same_row(a: Line, b: Line) -> bool:
    overlap = min(a.bottom + a.height, b.bottom + b.height) - max(a.bottom, b.bottom)
    smaller = min(a.height, b.height)
    return smaller > 0 and overlap > 0.4 * smaller and b.left > a.right - smaller


def _beside(a: Line, b: Line) -> Line:
    taller = a if a.height >= b.height else b
    gap = (b.left - a.right) / taller.height
    glue = "" if gap < _TOUCHING else between(a.text, gap)
    return Line(
        text=a.text.rstrip() + glue + b.text.lstrip(),
        left=min(a.left, b.left),
        right=max(a.right, b.right),
        bottom=taller.bottom,
        height=taller.height,
        box=around([a.box, b.box]),
    )


def between(before: str, gap: float) -> str:
    """What separates two words of one line: the gap is in line heights; a list's number keeps its item beside it."""
    marker = _NUMBER.fullmatch(before.strip() + " ") or _BULLET.fullmatch(before.strip() + " ")
    return CELL if gap > CELL_GAP and not marker else " "


def _paragraphs(lines: Sequence[Line], known: Counter[str]) -> list[Paragraph]:
    pitch, found = _pitch(lines), list[Paragraph]()
    for place, line in enumerate(lines):
        previous = lines[place - 1] if place else None
        if previous and previous.row and line.row and _close(previous, line, _ROW_PITCH):
            found[-1].add(f"{found[-1].text}\n{line.text.strip()}", line)
        elif previous and _continues(previous, line, _edge(lines, place - 1, pitch), pitch):
            found[-1].add(_joined(found[-1].text, line.text, known), line)
        else:
            found.append(Paragraph("", line.height))
            found[-1].add(line.text.strip(), line)
    for paragraph in found:
        paragraph.text = "".join("-" if character in HYPHENS else character for character in paragraph.text)
    return found


def _pitch(lines: Sequence[Line]) -> float:
    """The usual distance between the lines of a paragraph, in line heights."""
    steps = [_step(a, b) for a, b in pairwise(lines) if _step(a, b) > 0 and _alike(a, b)]
    if len(steps) < _LINES_TO_TELL_SPACING:
        return min([1.4, *steps])
    return min(max(median(steps), 1.0), 2.5)


def _step(a: Line, b: Line) -> float:
    return (a.bottom - b.bottom) / a.height if a.height else 0.0


def _alike(a: Line, b: Line) -> bool:
    return abs(a.height - b.height) <= _SAME_SIZE * max(a.height, b.height)


def _close(a: Line, b: Line, pitch: float) -> bool:
    return _alike(a, b) and 0 < _step(a, b) <= _GAP * pitch


def _edge(lines: Sequence[Line], place: int, pitch: float) -> float:
    """How far to the right the block of lines reaches to which this one, not the page's last, belongs."""
    line, edge = lines[place], max(lines[place].right, lines[place + 1].right)
    for step in (1, -1):
        here = place
        while 0 <= here + step < len(lines) and abs(here - place) < len(lines):
            upper, lower = sorted((here, here + step))
            other = lines[here + step]
            if not _close(lines[upper], lines[lower], pitch) or abs(other.left - line.left) > 3 * line.height:
                break
            edge, here = max(edge, other.right), here + step
    return edge


def _continues(a: Line, b: Line, edge: float, pitch: float) -> bool:
    if a.broken:
        # A column that ends within a word is followed by footnotes, which begin with a figure in smaller type.
        return b.text.lstrip()[:1].isalpha() or _close(a, b, pitch)
    if a.row or b.row or not _alike(a, b) or _BULLET.match(b.text):
        return False
    ended = a.text.rstrip().endswith(_ENDS)
    if _step(a, b) <= 0:
        return not ended and b.text.lstrip()[:1].islower()
    if not _close(a, b, pitch) or a.right + b.first_word_width < edge - 0.1 * a.height:
        return False
    if _NUMBER.match(b.text):
        return not ended and not _NUMBER.match(a.text) and abs(b.left - a.left) < 0.5 * a.height
    return not (ended and b.left > a.left + 0.8 * a.height and not _NUMBER.match(a.text))


def _joined(text: str, more: str, known: Counter[str]) -> str:
    """Two lines as one: a word broken at the line's end is made whole, with its hyphen where it has one of its own."""
    text, more = text.rstrip(), more.strip()
    if text[-1:] not in HYPHENS and not (text.endswith("-") and text[-2:-1].isalpha() and more[:1].islower()):
        return f"{text} {more}"
    head, tail = _LAST_WORD.search(text[:-1]), _FIRST_WORD.search(more)
    if head is None or tail is None or not more[0].islower():
        return f"{text[:-1]}-{more}"
    whole, hyphenated = (f"{head[0]}{glue}{tail[0]}".lower() for glue in ("", "-"))
    return f"{text[:-1]}{'-' if known[hyphenated] > known[whole] else ''}{more}"


def _without_running_heads(pages: list[list[Paragraph]]) -> Iterator[list[Paragraph]]:
    """Leave out page numbers, and what stands at the top or the foot of most pages after its first time."""
    edges = Counter(text for page in pages for text in {p.text for p in (page[:1] + page[-1:])})
    seen: set[str] = set()
    for page in pages:
        kept = list(page)
        for end in (0, -1):
            if len(kept) <= 1:
                break
            text = kept[end].text
            repeated = edges[text] >= max(3, len(pages) / 2)
            if _PAGE_NUMBER.match(text) or (repeated and text in seen):
                kept.pop(end)
            seen.add(text)
        yield kept


def _body_height(pages: Sequence[Sequence[Paragraph]]) -> float:
    """The height of the type in which most of the document is set."""
    sizes: Counter[float] = Counter()
    for paragraph in (paragraph for page in pages for paragraph in page):
        sizes[round(paragraph.height, 1)] += len(paragraph.text)
    return max(sizes, key=lambda size: (sizes[size], -size), default=0.0)


def _with_headings(page: Sequence[Paragraph], body: float) -> list[Paragraph]:
    headings = [_is_heading(paragraph, body) for paragraph in page]
    for place, paragraph in enumerate(page):
        following = headings[place + 1 : place + 1 + _RUN_OF_HEADINGS]
        # Big type with no text below it is a slide or a form, whose words belong into the passages.
        if headings[place] and not all(following):
            mark = next(mark for ratio, mark in _HEADING_RATIOS if paragraph.height > ratio * body)
            _insert(paragraph, 0, mark)
        else:
            for match in reversed(list(HEADING_LIKE.finditer(paragraph.text))):
                _insert(paragraph, match.start(), " ")
    return list(page)


def _insert(paragraph: Paragraph, place: int, text: str) -> None:
    paragraph.text = paragraph.text[:place] + text + paragraph.text[place:]
    moved = len(text)
    paragraph.lines = [
        replace(line, start=line.start + moved * (line.start >= place), end=line.end + moved * (line.end > place))
        for line in paragraph.lines
    ]


def _is_heading(paragraph: Paragraph, body: float) -> bool:
    text = paragraph.text
    letters = sum(character.isalpha() for character in text)
    return (
        paragraph.height > _HEADING_SIZE * body > 0
        and len(text) <= _HEADING_LENGTH
        and letters >= max(3, len(text) / 2)
        and CELL not in text
        and not text.endswith((".", ",", ";"))
    )
