"""Evidence: passages get numbers, and what the model says of them is checked against the stored text.

A sentence of an answer counts as supported when
- a passage it cites holds the words in quotation marks that it quotes, all of its numbers (a tool may have computed
  them too) and names, and either half of its content words or a sentence of much the same meaning, and neither denies
  what the other does not; or
- it cites nothing, but all of its numbers were computed by a tool in this turn, or it repeats a tool's text word by
  word.

This is a check of words, not an understanding: who did what to whom it cannot tell. Blocks of code are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from assistant.doubts import doubt
from assistant.events import Citation, Scores, ToolCall
from assistant.wording import content_words, denies, found, names, numbers, quotations
from index.errors import UnknownDocument
from index.sentences import sentences
from index.types import Hit

# (claim, sentences of a passage) -> cosine of the claim to each, -1 to 1
Similarity = Callable[[str, Sequence[str]], Sequence[float]]
# (document id, page number) -> the page's stored text; raises UnknownDocument where it is gone
PageText = Callable[[int, int | None], str]

MIN_OVERLAP = 0.5
MIN_COSINE = 0.6
MIN_CLAIM_WORDS = 2

MARKER = re.compile(r"[ \t]*\[(\d{1,6}(?:\s*[,;]\s*\d{1,6})*)\](?!\()")
CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$|`[^`\n]+`", re.M | re.S)
ABOUT_US = re.compile(
    r"(i (can|could|cannot|can't|will|would|am|do not|don't|did not|didn't|looked|searched|have no|found (no|nothing))"
    r"|let me|hello|hi|sorry|thanks|thank you|please|feel free|sure|okay|ok|yes|no|done|great|of course"
    r"|you are welcome)\b",
    re.I,
)
RANGE = re.compile(r"\[(\d{1,6})\s*[-–]\s*(\d{1,6})\]")
MAX_RANGE = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage under its number, with the words that the model was shown.

    Attributes:
        n: Its number in the conversation, from 1.
        passage: The library's id of the passage.
        document_id: The library's id of the document.
        document: The document's path.
        title: The document's title.
        page: The page's number, None where the format has no pages.
        start: First character of the passage in the page's text.
        text: The exact words.
        scores: Why it was found last; None where it came along with one that was.
    """

    n: int
    passage: int
    document_id: int
    document: str
    title: str
    page: int | None
    start: int
    text: str
    scores: Scores | None = None


def evidence_from(row: Mapping[str, Any]) -> Evidence:
    """Returns a passage as a conversation keeps it in JSON; one of an earlier version has no scores."""
    scores = row.get("scores")
    return Evidence(**{**row, "scores": Scores(**scores) if scores else None})


class Ledger:
    """The passages of one conversation; a passage gets its number once and keeps it.

    Args:
        entries: What the conversation has so far, by number.
    """

    def __init__(self, entries: Iterable[Evidence] = ()) -> None:
        self._by_number = {item.n: item for item in entries}
        self._by_passage = {item.passage: item.n for item in self._by_number.values()}
        self._new: list[Evidence] = []

    def cite(self, hit: Hit) -> int:
        """Returns the passage's number, giving it the next one when it is new."""
        passage, scores = hit.passage, Scores.of(hit)
        if n := self._by_passage.get(passage.id):
            if scores:
                self._by_number[n] = replace(self._by_number[n], scores=scores)
            return n
        n = self.newest + 1
        where = (passage.document, hit.document.path, hit.document.title, passage.page)
        item = Evidence(n, passage.id, *where, passage.start, passage.text, scores)
        self._by_passage[passage.id], self._by_number[n] = n, item
        self._new.append(item)
        return n

    def get(self, n: int) -> Evidence | None:
        """Returns the passage of that number."""
        return self._by_number.get(n)

    @property
    def newest(self) -> int:
        """The highest number; 0 where there is none."""
        return max(self._by_number, default=0)

    def take_new(self) -> list[Evidence]:
        """Returns what was added since the last call, to be saved."""
        new, self._new = self._new, []
        return new


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer after the check.

    Attributes:
        text: The text without markers that point at nothing.
        citations: One for each passage that supports a sentence, in order of first use.
        unsupported: Sentences that state something for which no support was found.
        claims: How many sentences state something.
        reasons: Why each of ``unsupported`` stands there, in their order.
    """

    text: str
    citations: tuple[Citation, ...]
    unsupported: tuple[str, ...]
    claims: int
    reasons: tuple[str, ...] = ()

    @property
    def support(self) -> float:
        """Share of the claims that are supported, 0 to 1; 0 where nothing is claimed."""
        return 1 - len(self.unsupported) / self.claims if self.claims else 0.0


@dataclass(frozen=True, slots=True)
class _Claim:
    text: str
    numbers: tuple[int, ...]
    nearby: tuple[int, ...] = ()


@dataclass(slots=True)
class _Findings:
    citations: dict[tuple[int, int], Citation] = field(default_factory=dict)
    # Each with the passages that it cites.
    unsupported: list[tuple[str, list[str]]] = field(default_factory=list)
    claims: int = 0


def check(
    text: str, ledger: Ledger, calls: Sequence[ToolCall], page_text: PageText, similarity: Similarity | None = None
) -> Checked:
    """Checks each sentence of an answer against the stored documents and the tools' results.

    Args:
        text: What the model said, citing passages as ``[n]``.
        ledger: The conversation's passages.
        calls: The turn's tool calls that computed something; passages that a search returned are no computation.
        page_text: Looks up the text that a citation must be found in.
        similarity: Recognises a claim in other words; without it only words are compared.

    Returns:
        The text with the citations and unsupported sentences found.
    """
    text = _drop_markers(_plain_markers(text), lambda n: ledger.get(n) is not None)
    computed = numbers(" ".join(json.dumps(call.result, ensure_ascii=False) for call in calls if call.ok))
    findings = _Findings()
    for claim in _claims(text):
        by_tool = _is_computed(claim.text, computed) or any(_repeats(claim.text, call) for call in calls if call.ok)
        _judge(claim, ledger, findings, lambda said, item: _cite(said, item, computed, page_text, similarity), by_tool)
    citations = tuple(findings.citations.values())
    cited = {citation.n for citation in citations}
    text = _drop_markers(text, cited.__contains__)
    unsupported = tuple(said for said, _ in findings.unsupported)
    reasons = tuple(doubt(said, passages, computed) for said, passages in findings.unsupported)
    return Checked(text, citations, unsupported, findings.claims, reasons)


def _judge(
    claim: _Claim,
    ledger: Ledger,
    findings: _Findings,
    cite: Callable[[str, Evidence], Citation | None],
    by_tool: bool,
) -> None:
    """Looks for the support of one sentence."""
    cited = [item for n in claim.numbers if (item := ledger.get(n))]
    if not cited and not _states_something(claim.text):
        return
    findings.claims += 1
    # A number behind the last sentence of a line often stands for those before it too.
    sources = cited or [item for n in claim.nearby if (item := ledger.get(n))]
    supporting = [citation for item in sources if (citation := cite(claim.text, item))]
    for citation in supporting:
        findings.citations.setdefault((citation.n, citation.start), citation)
    if not supporting and (cited or not by_tool):
        findings.unsupported.append((claim.text, [item.text for item in sources]))


def _plain_markers(text: str) -> str:
    """Writes the other forms of markers that models use, 【1】, ［1］ and [1-3], as [1] and [1, 2, 3]."""
    text = text.translate(str.maketrans("【】［］", "[][]"))

    def spell_out(match: re.Match[str]) -> str:
        first, last = int(match[1]), int(match[2])
        if not first <= last < first + MAX_RANGE:
            return match[0]
        return f"[{', '.join(map(str, range(first, last + 1)))}]"

    return RANGE.sub(spell_out, text)


def _drop_markers(text: str, known: Callable[[int], bool]) -> str:
    """Takes out the markers that point at nothing."""

    def keep(match: re.Match[str]) -> str:
        kept = [n for n in map(int, re.findall(r"\d+", match[1])) if known(n)]
        return " " + "".join(f"[{n}]" for n in kept) if kept else ""

    # A list in code, such as `[1, 2]`, is no citation.
    pieces, last = [], 0
    for code in CODE.finditer(text):
        pieces += [MARKER.sub(keep, text[last : code.start()]), code[0]]
        last = code.end()
    return "".join([*pieces, MARKER.sub(keep, text[last:])])


def _claims(text: str) -> list[_Claim]:
    """Splits a text into sentences, each with the markers in or right behind it; code is left out."""
    prose = CODE.sub(_blanked, text)
    plain = MARKER.sub(lambda match: " " * len(match[0]), prose)
    claims: list[_Claim] = []
    for line in re.finditer(r"[^\n]+", plain):
        spans = [(line.start() + start, line.start() + end) for start, end in sentences(line[0])]
        borders = [start for start, _ in spans] + [line.end()]
        first = len(claims)
        for (start, end), (_, until) in zip(spans, pairwise(borders), strict=True):
            sentence = " ".join(plain[start:end].split()).lstrip("#>*- ")
            cited = [int(n) for match in MARKER.finditer(prose, start, until) for n in re.findall(r"\d+", match[1])]
            if sentence:
                claims.append(_Claim(sentence, tuple(dict.fromkeys(cited))))
        claims[first:] = _with_nearby(claims[first:])
    return claims


def _with_nearby(line: list[_Claim]) -> list[_Claim]:
    """Tells each sentence of a line which passages the next cited one cites."""
    nearby: tuple[int, ...] = ()
    told = []
    for claim in reversed(line):
        nearby = claim.numbers or nearby
        told.append(_Claim(claim.text, claim.numbers, nearby))
    return told[::-1]


def _blanked(code: re.Match[str]) -> str:
    """A block of code is no sentence; code within a sentence is a word of it, but its brackets are no citation."""
    return " " * len(code[0]) if code[1] else code[0].replace("[", "(").replace("]", ")")


def _states_something(sentence: str) -> bool:
    """Whether a sentence without a source states a fact, and is no question, courtesy or word about ourselves."""
    if sentence.endswith("?"):
        return False
    if numbers(sentence):
        return True
    if sentence.endswith(":") or ABOUT_US.match(sentence):
        return False
    return len(content_words(sentence)) >= MIN_CLAIM_WORDS


def _is_computed(sentence: str, computed: set[str]) -> bool:
    stated = numbers(sentence)
    return bool(stated) and stated <= computed


def _repeats(sentence: str, call: ToolCall) -> bool:
    """Whether a sentence is a tool's own text, with no more added than where it comes from."""
    wholes = [" ".join(text.split()) for text in _texts(call.result)]
    parts = [whole[start:end].strip() for whole in wholes for start, end in [(0, len(whole)), *sentences(whole)]]
    # Where it comes from may also stand by itself, behind a full stop.
    origin = content_words(f"computed tool returned {call.name}")
    rests = [sentence, *(sentence.replace(part, " ") for part in parts if part and part in sentence)]
    return any(content_words(rest) <= origin for rest in rests)


def _texts(result: Any) -> list[str]:
    """A tool's result in words: its text, a list with commas, or each field behind its name."""
    if isinstance(result, str):
        return [result]
    if isinstance(result, dict):
        text = result.get("text")
        return [text] if isinstance(text, str) else [f"{key}: {value}" for key, value in result.items()]
    return [", ".join(map(str, result))] if isinstance(result, list) else []


def _cite(
    claim: str, item: Evidence, computed: set[str], page_text: PageText, similarity: Similarity | None
) -> Citation | None:
    """Returns the words of a passage that support a claim, or None."""
    span = _supporting_span(claim, item.text, computed, similarity)
    if span is None:
        return None
    start, end = item.start + span[0], item.start + span[1]
    quote = item.text[span[0] : span[1]]
    try:
        if page_text(item.document_id, item.page)[start:end] != quote:
            return None
    except UnknownDocument:
        return None
    return Citation(item.n, item.document, item.title, item.page, quote, start, end, item.document_id, item.scores)


def _supporting_span(
    claim: str, passage: str, computed: set[str], similarity: Similarity | None
) -> tuple[int, int] | None:
    spans = [found(piece, passage) for piece in quotations(claim)]
    if None in spans or not numbers(claim) <= numbers(passage) | computed:
        return None
    if spans:
        return spans[0]
    span = _nearest_sentence(claim, passage, similarity)
    return span if span and _agrees(claim, passage[span[0] : span[1]], passage) else None


def _agrees(claim: str, sentence: str, passage: str) -> bool:
    """Whether a claim denies what the sentence denies and names nobody whom the passage does not name."""
    if denies(claim) != denies(sentence):
        return False
    return all(name.lower() in passage.lower() for name in names(claim))


def _nearest_sentence(claim: str, passage: str, similarity: Similarity | None) -> tuple[int, int] | None:
    """The sentence that says the same: by its words where the passage has half of them, else by its meaning."""
    candidates = sentences(passage)
    texts = [passage[start:end] for start, end in candidates]
    words = content_words(claim)
    if texts and len(words & content_words(passage)) >= MIN_OVERLAP * len(words):
        shared = [len(words & content_words(text)) + len(numbers(claim) & numbers(text)) for text in texts]
        return candidates[max(range(len(texts)), key=shared.__getitem__)]
    if not texts or similarity is None:
        return None
    cosines = similarity(claim, texts)
    best = max(range(len(texts)), key=cosines.__getitem__)
    return candidates[best] if cosines[best] >= MIN_COSINE else None
