"""The typed events of one turn: every front end renders these and nothing else.

A turn is ``Began``, then ``ReasoningDelta``, ``TextDelta``, ``ToolStarted``, ``ToolProgress``, ``ToolPreview``,
``ToolFinished`` and ``CitationAdded`` in the order in which they happen, closed by exactly one ``Answer`` or
``Failed``. ``ApprovalNeeded`` in their place means that the turn waits; its decision is followed by the rest of the
turn. A question that is refused is ``Failed`` alone. Text that was streamed is provisional: ``Answer.text`` is what was
checked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from index.reasons import Reason

if TYPE_CHECKING:
    from index.types import Hit

Kind = Literal["picture", "table", "plot", "video", "file"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool, with what it returned.

    Attributes:
        id: The model's id for the call.
        name: The tool.
        arguments: As the model gave them, or as a person changed them before approving.
        result: JSON-able return value; the error's text where ``ok`` is false.
        ok: Whether the tool returned.
        seconds: Wall time.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    result: Any
    ok: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Why a search returned a passage; see ``index.types.Hit``.

    Attributes:
        score: What ordered the passages of the search; higher is better.
        meaning: Cosine between question and passage, -1 to 1.
        words: BM25 beside the best of the question, 0 to 1.
        second_look: Of the second look, on its own scale; None where there was none.
        alike: Mean score of the candidates most like it; None where it was not drawn towards it.
        looks: Cosine between the question and its best picture, -1 to 1; None where none was compared.
    """

    score: float
    meaning: float
    words: float
    second_look: float | None = None
    alike: float | None = None
    looks: float | None = None

    @classmethod
    def of(cls, hit: Hit) -> Scores | None:
        """Returns those of a hit, to four digits; None of one that only stands beside another."""
        if hit.beside:
            return None
        found = (hit.score, hit.dense, hit.lexical, hit.reranked, hit.alike, hit.visual)
        return cls(*(None if each is None else round(float(each), 4) for each in found))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote whose words were found, character by character, in the stored document.

    Attributes:
        n: The number the text cites it by; a passage keeps its number for the whole conversation.
        document: Path of the document as it was added.
        title: The document's title.
        page: Page number from 1, None where the format has no pages.
        quote: The exact words.
        start: First character of the quote in the page's text.
        end: One past the last character.
        document_id: The library's id of the document.
        scores: Why its passage was found; None where it came along with one that was.
    """

    n: int
    document: str
    title: str
    page: int | None
    quote: str
    start: int
    end: int
    document_id: int
    scores: Scores | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a tool made.

    Attributes:
        path: Where it is.
        media_type: Its kind.
        tool: Which tool; empty in answers of earlier versions.
    """

    path: str
    media_type: str
    tool: str = ""

    @property
    def kind(self) -> Kind:
        """How it is best shown."""
        if self.media_type == "application/vnd.plotly.v1+json":
            return "plot"
        if self.media_type in ("text/csv", "text/tab-separated-values"):
            return "table"
        family = self.media_type.partition("/")[0]
        return "picture" if family == "image" else "video" if family == "video" else "file"


@dataclass(frozen=True, slots=True)
class Began:
    """The question was written down.

    Attributes:
        conversation: The conversation's id, new or continued.
        turn: The question's row in the log.
    """

    conversation: str
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class EngineProgress:
    """The turn waits for its model, which is being loaded, is busy, or does not answer at the moment.

    Attributes:
        fraction: Between 0 and 1; None where it cannot be told.
        message: What is being done.
        loading: Whether the model is being loaded.
    """

    fraction: float | None
    message: str
    loading: bool = True

    def __str__(self) -> str:
        return self.message if self.fraction is None else f"{self.message} {self.fraction:.0%}"


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the model's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """The next piece of what the model thinks before it answers or calls a tool."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool was called and is running."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolProgress:
    """A running tool reports how far it is.

    Attributes:
        id: The call's id.
        fraction: Between 0 and 1; None where the tool cannot tell.
        message: What it is doing.
    """

    id: str
    fraction: float | None
    message: str


@dataclass(frozen=True, slots=True)
class ToolPreview:
    """A running tool shows what it is making.

    Attributes:
        id: The call's id.
        picture: A small JPEG; it is not kept.
    """

    id: str
    picture: bytes


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool returned or gave up."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """One call that waits for a person.

    Attributes:
        id: Names the request within its turn; the decision is given under it.
        tool: The tool.
        arguments: Exactly what it is to run with.
        reason: Why it is asked for, as the end of "approval is needed because …".
        touches: What the tool may change or reach.
        preview: What it would do, where the tool can tell.
        film: Path of a film of that; empty where there is none.
        code: The reason, to be said in other languages.
    """

    id: str
    tool: str
    arguments: dict[str, Any]
    reason: str
    touches: tuple[str, ...]
    preview: str = ""
    film: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalNeeded:
    """The turn waits until a person has decided about calls; ``Assistant.resume`` takes the decisions.

    Attributes:
        requests: The calls.
        conversation: The conversation's id.
    """

    requests: tuple[ApprovalRequest, ...]
    conversation: str


@dataclass(frozen=True, slots=True)
class CitationAdded:
    """A citation passed the check."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer took of a language model, over all of the turn's requests to it.

    Attributes:
        requests: How many there were.
        prompt_tokens: Tokens that were sent; None where the server does not tell, as for all that follow.
        completion_tokens: Tokens that the model made, thoughts included.
        cached_tokens: Of those sent, the ones that the server had in its prefix cache.
        reasoning_tokens: Of those made, the ones of thoughts.
        first_token_seconds: From the first request to its first token.
        tokens_per_second: Tokens made, by the time from each request's first token to its last.
    """

    requests: int
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    first_token_seconds: float | None = None
    tokens_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The checked end of a turn.

    Attributes:
        text: Markdown; citations as ``[n]``.
        citations: Every checked citation, in order of first use.
        unsupported: Sentences of the text for which no source and no tool result was found.
        tool_calls: What was called, in order.
        artifacts: Files that tools made.
        confidence: 0 to 1.
        abstained: Whether the assistant declined because it has no evidence.
        engine: Which engine answered, as shown to people.
        conversation: The conversation's id.
        seconds: Wall time of the turn.
        reasons: Why each of ``unsupported`` stands there, in their order; in JSON their codes are under ``why``.
        usage: What it took of a language model; None of the built-in engine.
        reasoning: What the model thought, as it told it; no part of the answer.
        notes: What the person should know about how it came about, one sentence each.
        about_itself: Whether it speaks of the assistant and what it did, as a greeting does, so that there is nothing
            to be sure of.
    """

    text: str
    citations: tuple[Citation, ...]
    unsupported: tuple[str, ...]
    tool_calls: tuple[ToolCall, ...]
    artifacts: tuple[Artifact, ...]
    confidence: float
    abstained: bool
    engine: str
    conversation: str
    seconds: float
    reasons: tuple[str, ...] = ()
    usage: Usage | None = None
    reasoning: str = ""
    notes: tuple[str, ...] = ()
    about_itself: bool = False

    def to_json(self) -> dict[str, Any]:
        """Returns the object that ``assistant ask --json`` and a batch row print."""
        row = asdict(self)
        row = {key: list(value) if isinstance(value, tuple) else value for key, value in row.items()}
        row["answer"] = row.pop("text")
        row["why"] = [_why(each) for each in self.reasons]
        row["citations"] = [without(c, "document_id") for c in row["citations"]]
        row["tool_calls"] = [without(c, "id") for c in row["tool_calls"]]
        order = ("answer", "citations", "tool_calls", "artifacts", "confidence", "abstained", "engine", "conversation")
        more = ("seconds", "unsupported", "reasons", "why", "usage", "notes", "reasoning", "about_itself")
        return {key: row[key] for key in (*order, *more)}


def _why(reason: str) -> dict[str, Any]:
    return {"code": reason.code, "values": dict(reason.values)} if isinstance(reason, Reason) else {}


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn ended without an answer.

    Attributes:
        message: One line for the person: what failed and what to do.
        conversation: The conversation's id; it is kept and the question can be asked again.
        kind: The error's class name, for programs.
    """

    message: str
    conversation: str
    kind: str = field(default="AssistantError")


End = Answer | Failed | ApprovalNeeded
Spoken = EngineProgress | ReasoningDelta | TextDelta
Event = Began | Spoken | ToolStarted | ToolProgress | ToolPreview | ToolFinished | CitationAdded | End


def without(row: dict[str, Any], key: str) -> dict[str, Any]:
    """Returns a row without one of its keys."""
    return {name: value for name, value in row.items() if name != key}
