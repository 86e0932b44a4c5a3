"""OpenAI's fields that are taken as they ask for nothing, and what is said where they ask for what is not given."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

# What is not given, by the field that asks for it.
NOT_GIVEN = {
    "tools": "the assistant has tools of its own and takes no others",
    "tool_choice": "which tools are called is for the assistant to decide; only 'auto' is taken",
    "max_tool_calls": "how many tools are called is for the settings to say",
    "response_format": 'an answer is text with citations; only {"type": "text"} is taken',
    "text": 'an answer is text with citations; only {"format": {"type": "text"}} of medium verbosity is taken',
    "verbosity": "how long answers are is asked for in words; only 'medium' is taken",
    "modalities": "answers are texts; only ['text'] is taken",
    "logprobs": "the probabilities of tokens are not given",
    "top_logprobs": "the probabilities of tokens are not given",
    "logit_bias": "tokens are not made more or less likely",
    "stop": "an answer is not cut off at words, since it is checked whole",
    "n": "one answer is given",
    "include": "nothing more is given than `evidence` holds",
    "background": "an answer is waited for or streamed",
    "service_tier": "all are served alike; only 'auto' and 'default' are taken",
}
Nothing = Annotated[list[Any], Field(max_length=0)]


class TextFormat(BaseModel):
    """The one form that answers have."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["text"] = "text"


class TextOptions(BaseModel):
    """The same in the newer form."""

    model_config = ConfigDict(extra="forbid")
    format: TextFormat | None = None
    verbosity: Literal["medium"] | None = None


class Harmless(BaseModel):
    """Fields of both forms; those that only hint how a model is to be run are taken and not used."""

    model_config = ConfigDict(extra="forbid")
    tools: Nothing | None = None
    tool_choice: Literal["auto"] | None = None
    parallel_tool_calls: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=0)] | None = None
    service_tier: Literal["auto", "default"] | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None


class HarmlessChat(Harmless):
    """Fields of chat completions."""

    n: Literal[1] | None = 1
    response_format: TextFormat | None = None
    reasoning_effort: str | None = None
    verbosity: Literal["medium"] | None = None
    modalities: list[Literal["text"]] | None = None
    logprobs: Literal[False] | None = None
    logit_bias: Annotated[dict[str, Any], Field(max_length=0)] | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: Nothing | None = None


class HarmlessResponse(Harmless):
    """Fields of responses."""

    text: TextOptions | None = None
    include: Nothing | None = None
    truncation: Literal["disabled", "auto"] | None = None
    background: Literal[False] | None = None
    reasoning: dict[str, Any] | None = None
    stream_options: dict[str, Any] | None = None
    max_tool_calls: None = None
