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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from assistant.events import Citation, ToolCall
from index.errors import UnknownDocument
from index.sentences import sentences
from index.types import Hit

# (claim, sentences of a passage) -> cosine of the claim to each, -1 to 1
Similarity = Callable[[str, Sequence[str]], Sequence[float]]
# (document id, page number) -> the page's stored text; raises UnknownDocument where it is gone
PageText = Callable[[int, int | None], str]

MIN_OVERLAP = 0.5
MIN_COSINE = 0.6
MIN_QUOTED_WORDS = 3
MIN_CLAIM_WORDS = 2

MARKER = re.compile(r"[ \t]*\[(\d{1,6}(?:\s*[,;]\s*\d{1,6})*)\](?!\()")
QUOTED = re.compile(r'"([^"\n]+)"|“([^”\n]+)”|„([^“”\n]+)[“”]|«([^»\n]+)»')
NUMBER = re.compile(r"\d[\d,.]*\d|\d")
CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$|`[^`\n]+`", re.M | re.S)
ABOUT_US = re.compile(
    r"(i (can|could|cannot|can't|will|would|am|do not|don't|did not|didn't|looked|searched|have no)|let me|hello|hi"
    r"|sorry|thanks|thank you|please|feel free|sure|okay|ok|yes|no|done|great|of course|you are welcome)\b",
    re.I,
)
NEGATION = re.compile(r"\b(not|no|never|none|nobody|nothing|neither|nor|without|cannot)\b|n['’]t\b", re.I)
NAME = re.compile(r"(?<=[\w,;] )[A-Z][^\W\d_]+")
NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        (
            "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
            "eighteen nineteen twenty"
        ).split(),
        2,  # "one" is a pronoun more often than a number
    )
}
# Signs that models like to put in the place of those that documents have; each of one character.
ALIKE = str.maketrans(
    dict.fromkeys("’‘‛ʼ", "'")
    | dict.fromkeys("“”„«»", '"')
    | dict.fromkeys("–—−‑", "-")
    | dict.fromkeys("\u00a0\u202f", " ")
)
ELISION = re.compile(r"\s*(?:…|\.\.\.|\[…\])\s*")
RANGE = re.compile(r"\[(\d{1,6})\s*[-–]\s*(\d{1,6})\]")
MAX_RANGE = 20
STOP_WORDS = frozenset(
    (
        "a about after all also an and any are as at be been but by can could did do does for from had has have he her "
        "his how if in into is it its may might more most must no not of on one or other our out over shall she should "
        "so some such than that the their them then there these they this to up us was we were what when where which "
        "while who whom whose why will with would you your"
    ).split()
)


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
    """

    n: int
    passage: int
    document_id: int
    document: str
    title: str
    page: int | None
    start: int
    text: str


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
        passage = hit.passage
        if passage.id not in self._by_passage:
            n = max(self._by_number, default=0) + 1
            where = (passage.document, hit.document.path, hit.document.title, passage.page)
            item = Evidence(n, passage.id, *where, passage.start, passage.text)
            self._by_passage[passage.id], self._by_number[n] = n, item
            self._new.append(item)
        return self._by_passage[passage.id]

    def get(self, n: int) -> Evidence | None:
        """Returns the passage of that number."""
        return self._by_number.get(n)

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
    """

    text: str
    citations: tuple[Citation, ...]
    unsupported: tuple[str, ...]
    claims: int

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
    unsupported: list[str] = field(default_factory=list)
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
    computed = _numbers(" ".join(json.dumps(call.result, ensure_ascii=False) for call in calls if call.ok))
    found = _Findings()
    for claim in _claims(text):
        by_tool = _is_computed(claim.text, computed) or any(_repeats(claim.text, call) for call in calls if call.ok)
        _judge(claim, ledger, found, lambda said, item: _cite(said, item, computed, page_text, similarity), by_tool)
    citations = tuple(found.citations.values())
    cited = {citation.n for citation in citations}
    return Checked(_drop_markers(text, cited.__contains__), citations, tuple(found.unsupported), found.claims)


def _judge(
    claim: _Claim,
    ledger: Ledger,
    found: _Findings,
    cite: Callable[[str, Evidence], Citation | None],
    by_tool: bool,
) -> None:
    """Looks for the support of one sentence."""
    cited = [item for n in claim.numbers if (item := ledger.get(n))]
    if not cited and not _states_something(claim.text):
        return
    found.claims += 1
    # A number behind the last sentence of a line often stands for those before it too.
    sources = cited or [item for n in claim.nearby if (item := ledger.get(n))]
    supporting = [citation for item in sources if (citation := cite(claim.text, item))]
    for citation in supporting:
        found.citations.setdefault((citation.n, citation.start), citation)
    if not supporting and (cited or not by_tool):
        found.unsupported.append(claim.text)


def content_words(text: str) -> set[str]:
    """Returns the words that carry meaning, in lower case and cut to a crude stem."""
    words = re.findall(r"\w+", text.lower())
    return {_stem(word) for word in words if word not in STOP_WORDS and (len(word) > 2 or word.isdigit())}  # noqa: PLR2004


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) > 3:  # noqa: PLR2004 — shorter ones are words of their own
            return word.removesuffix(ending)
    return word


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
            numbers = [int(n) for match in MARKER.finditer(prose, start, until) for n in re.findall(r"\d+", match[1])]
            if sentence:
                claims.append(_Claim(sentence, tuple(dict.fromkeys(numbers))))
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
    if _numbers(sentence):
        return True
    if sentence.endswith(":") or ABOUT_US.match(sentence):
        return False
    return len(content_words(sentence)) >= MIN_CLAIM_WORDS


def _is_computed(sentence: str, computed: set[str]) -> bool:
    numbers = _numbers(sentence)
    return bool(numbers) and numbers <= computed


def _repeats(sentence: str, call: ToolCall) -> bool:
    """Whether a sentence is a tool's own text, with no more added than where it comes from."""
    text = call.result.get("text") if isinstance(call.result, dict) else call.result
    if not isinstance(text, str):
        return False
    whole = " ".join(text.split())
    parts = [part for start, end in sentences(whole) if (part := whole[start:end].strip()) and part in sentence]
    origin = content_words(f"computed tool {call.name}")  # which may also stand by itself, behind a full stop
    rests = [sentence, *(sentence.replace(part, " ") for part in parts)]
    return any(content_words(rest) <= origin for rest in rests)


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
    return Citation(item.n, item.document, item.title, item.page, quote, start, end, item.document_id)


def _supporting_span(
    claim: str, passage: str, computed: set[str], similarity: Similarity | None
) -> tuple[int, int] | None:
    quoted = [next(filter(None, match)) for match in QUOTED.findall(claim)]
    pieces = [piece for words in quoted if len(words.split()) >= MIN_QUOTED_WORDS for piece in ELISION.split(words)]
    spans = [_find(piece, passage) for piece in pieces if piece.strip(" .,;")]
    if None in spans or not _numbers(claim) <= _numbers(passage) | computed:
        return None
    if spans:
        return spans[0]
    span = _nearest_sentence(claim, passage, similarity)
    return span if span and _agrees(claim, passage[span[0] : span[1]], passage) else None


def _agrees(claim: str, sentence: str, passage: str) -> bool:
    """Whether a claim denies what the sentence denies and names nobody whom the passage does not name."""
    if bool(NEGATION.search(claim)) != bool(NEGATION.search(sentence)):
        return False
    return all(name.lower() in passage.lower() for name in NAME.findall(claim))


def _nearest_sentence(claim: str, passage: str, similarity: Similarity | None) -> tuple[int, int] | None:
    """The sentence that says the same: by its words where the passage has half of them, else by its meaning."""
    candidates = sentences(passage)
    texts = [passage[start:end] for start, end in candidates]
    words = content_words(claim)
    if texts and len(words & content_words(passage)) >= MIN_OVERLAP * len(words):
        shared = [len(words & content_words(text)) + len(_numbers(claim) & _numbers(text)) for text in texts]
        return candidates[max(range(len(texts)), key=shared.__getitem__)]
    if not texts or similarity is None:
        return None
    cosines = similarity(claim, texts)
    best = max(range(len(texts)), key=cosines.__getitem__)
    return candidates[best] if cosines[best] >= MIN_COSINE else None


def _find(words: str, passage: str) -> tuple[int, int] | None:
    """Finds words in a passage, taking white space, case, quotation marks and dashes of any kind for one another."""
    text = passage.translate(ALIKE)
    plain = words.replace("**", "")  # the built-in engine marks the answer in bold within what it quotes
    for wanted in (words.strip(), plain.strip(), words.strip(" .,;…"), plain.strip(" .,;…")):
        pattern = r"\s+".join(map(re.escape, wanted.translate(ALIKE).split()))
        if pattern and (match := re.search(pattern, text, re.I)):
            return match.span()
    return None


def _numbers(text: str) -> set[str]:
    """The numbers of a text, in digits or words, without thousands separators: 2,480 and 2480 are one."""
    written = {value for word in re.findall(r"[a-z]+", text.lower()) if (value := NUMBER_WORDS.get(word))}
    return {number.replace(",", "").rstrip(".") for number in NUMBER.findall(text)} | written
