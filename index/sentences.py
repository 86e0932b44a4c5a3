"""Where the sentences of a text begin and end."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HEADING_OR_ROW = re.compile(r"#{1,6}[ \t]|\|")
_CELL = " | "
_ITEM = re.compile(r"(?:[-*+•–>]|\d{1,3}[.)])[ \t]")
_ITEM_NUMBER = re.compile(r"\d{1,3}[.)]")
# "See Eq. 4": the segmenter takes the dot of these for the end of a sentence.
_POINTS_AT_A_NUMBER = re.compile(
    r"\b(?:app|approx|art|ca|cf|ch|chap|col|eqs?|figs?|nos?|nr|p|par|pp|pt|refs?|sect?|tab|ver|vols?)\.\s*$",
    re.IGNORECASE,
)
_LOOK_BACK = 12


def sentences(text: str) -> list[tuple[int, int]]:
    """Finds the sentences of a text in any of the languages that end them with a mark.

    Headings, table rows and list items count as sentences of their own, whatever they end with.

    Args:
        text: Any text.

    Returns:
        The span of each sentence in characters, in order, without the white space around it; every character that is
        not white space lies in exactly one.
    """
    spans: list[tuple[int, int]] = []
    for start, end in _blocks(text):
        spans += _joined(text, [span for span in _segments(text, start, end) if span[0] < span[1]])
    return spans


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Runs of lines within which a sentence may go on from one line to the next."""
    start = end = 0
    for line in text.splitlines(keepends=True):
        content = line.lstrip()
        alone = bool(_HEADING_OR_ROW.match(content)) or _CELL in content
        if (alone or not content or _ITEM.match(content)) and start < end:
            yield start, end
            start = end
        end += len(line)
        if alone:
            yield start, end
        if alone or not content:
            start = end
    if start < end:
        yield start, end


def _segments(text: str, start: int, end: int) -> list[tuple[int, int]]:
    from sentencex import get_sentence_boundaries

    # The segmenter takes no lone surrogates; a stand-in of the same length keeps the spans.
    block = text[start:end].encode("utf-8", "replace").decode()
    return [
        _stripped(text, start + found["start_index"], start + found["end_index"])
        for found in get_sentence_boundaries("en", block)
    ]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    return start + left, start + max(left, len(piece.rstrip()))


def _joined(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The segments of one block, with those put together again that no sentence ends between."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and _goes_on(text, *joined[-1], start):
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return joined


def _goes_on(text: str, start: int, end: int, following: int) -> bool:
    if _ITEM_NUMBER.fullmatch(text, start, end):
        return True
    return text[following].isdigit() and bool(_POINTS_AT_A_NUMBER.search(text[max(start, end - _LOOK_BACK) : end]))
