"""What answers look like, for the OpenAPI document; they are sent as they are, and checked by the tests against it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class ScoreShape(BaseModel):
    """Why a passage was found."""

    score: float = Field(description="What ordered the passages; higher is better.")
    meaning: float = Field(description="Cosine between question and passage, -1 to 1.")
    words: float = Field(description="BM25 beside the best of the question, 0 to 1.")
    second_look: float | None = Field(None, description="Of the second look, on its own scale.")
    alike: float | None = Field(None, description="Mean score of the candidates most like it.")
    looks: float | None = Field(None, description="Cosine between the question and its best picture, -1 to 1.")


class CitationShape(BaseModel):
    """A quote whose words were found, character by character, in the stored document."""

    n: int = Field(description="The number by which the text cites it, the same for the whole conversation.")
    document: str = Field(description="The document's file name.")
    title: str
    page: int | None = Field(description="From 1; null where the format has no pages.")
    quote: str = Field(description="The exact words.")
    start: int = Field(description="First character of the quote in the page's text.")
    end: int = Field(description="One past the last character.")
    scores: ScoreShape | None = None


class CallShape(BaseModel):
    """One call of a tool, with what it returned."""

    name: str
    arguments: dict[str, Any]
    result: Any = Field(description="What it returned; the error's text where `ok` is false.")
    ok: bool
    seconds: float


class ArtifactShape(BaseModel):
    """A file that a tool made."""

    name: str
    url: str = Field(description="Where this server sends it.")
    media_type: str
    tool: str = ""


class WaitingShape(BaseModel):
    """One call that waits for approval."""

    id: str = Field(description="The decision is given under it.")
    tool: str
    arguments: dict[str, Any]
    reason: str = Field(description='The end of "approval is needed because …".')
    touches: list[str] = Field(description="What the tool may change or reach.")
    preview: str = Field("", description="What it would do, where the tool can tell.")
    film: str = Field("", description="Where this server sends a film of that.")
    code: str = ""


class TurnUsageShape(BaseModel):
    """What an answer took of a language model; null is what its server does not tell."""

    requests: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    first_token_seconds: float | None
    tokens_per_second: float | None


class EvidenceShape(BaseModel):
    """What an answer rests on; of a turn that waits or failed only what there is."""

    conversation: str = Field(description="Goes on with the conversation.")
    waiting: list[WaitingShape] = Field(description="The calls that wait for approval.")
    answer: str = Field("", description="The checked text; citations as [n].")
    citations: list[CitationShape] = Field(default=[], description="Every checked citation, in order of first use.")
    tool_calls: list[CallShape] = []
    artifacts: list[ArtifactShape] = []
    confidence: float = Field(0, description="0 to 1.")
    abstained: bool = Field(False, description="Whether it declined for want of evidence.")
    engine: str = Field("", description="Which engine answered.")
    seconds: float = 0
    unsupported: list[str] = Field([], description="Sentences for which no source and no result was found.")
    reasons: list[str] = Field([], description="Why each of them stands there.")
    why: list[dict[str, Any]] = Field([], description="The same as codes with their values.")
    usage: TurnUsageShape | None = None
    notes: list[str] = Field([], description="What a person should know about how it came about.")
    about_itself: bool = False
    error: str = Field("", description="Why there is no answer.")
    kind: str = Field("", description="The same for programs.")


class TokenDetails(BaseModel):
    """Of the tokens, those in the server's cache or of thoughts."""

    cached_tokens: int = 0
    reasoning_tokens: int = 0


class CompletionUsage(BaseModel):
    """The tokens of an answer."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: TokenDetails
    completion_tokens_details: TokenDetails


class CompletionMessage(BaseModel):
    """What was answered."""

    role: Literal["assistant"]
    content: str
    reasoning_content: str = Field("", description="What the model thought.")


class CompletionChoice(BaseModel):
    """The one answer."""

    index: Literal[0]
    message: CompletionMessage
    finish_reason: Literal["stop", "length"]
    logprobs: None


class Completion(BaseModel):
    """An answer to a question."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: CompletionUsage | None
    evidence: EvidenceShape


class ResponseText(BaseModel):
    """A text of an item."""

    type: Literal["output_text", "reasoning_text"]
    text: str
    annotations: list[Any] = []


class ResponseItem(BaseModel):
    """What the model thought, or the answer."""

    id: str
    type: Literal["message", "reasoning"]
    status: Literal["completed"]
    content: list[ResponseText]
    role: Literal["assistant"] = "assistant"
    summary: list[Any] = []


class ResponseUsage(BaseModel):
    """The tokens of an answer."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: TokenDetails
    output_tokens_details: TokenDetails


class ResponseFault(BaseModel):
    """Why there is no answer."""

    code: str
    message: str


class IncompleteDetails(BaseModel):
    """Why an answer ends where it does."""

    reason: Literal["max_output_tokens"]


class ResponseShape(BaseModel):
    """An answer in the newer form."""

    id: str = Field(description="A question may go on from here.")
    object: Literal["response"]
    created_at: int
    status: Literal["in_progress", "completed", "incomplete", "failed"]
    model: str
    output: list[ResponseItem]
    error: ResponseFault | None
    incomplete_details: IncompleteDetails | None
    instructions: str | None
    metadata: dict[str, Any]
    parallel_tool_calls: bool
    previous_response_id: str | None
    tool_choice: Literal["auto"]
    tools: list[Any]
    usage: ResponseUsage | None
    evidence: EvidenceShape | None


class TurnShape(BaseModel):
    """A question of a conversation with its end; `result` is null while it is answered."""

    question: str
    state: Literal["running", "answered", "waiting", "failed"]
    result: EvidenceShape | None


class ConversationShape(BaseModel):
    """A conversation."""

    object: Literal["conversation"]
    id: str
    turns: list[TurnShape]


class ConversationRow(BaseModel):
    """A conversation in a list."""

    object: Literal["conversation"]
    id: str
    title: str
    created: str = Field(description="UTC time in ISO 8601.")
    updated: str
    library: str


class ConversationList(BaseModel):
    """Conversations, the newest first."""

    object: Literal["list"]
    data: list[ConversationRow]
    has_more: bool


def answers(model: type[BaseModel], status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Returns what a route's ``responses`` is, so that the document shows a model and nothing is checked twice."""
    return {status: {"model": model}}


def streamed(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Returns the same of a route that also streams."""
    return {200: {"model": model, "content": {"text/event-stream": {}}}}
