"""The settings of a chat model behind a URL."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidatorFunctionWrapHandler, field_validator
from pydantic_core import PydanticCustomError

ADDRESS = re.compile(r"https?://\S+")


class ServerEngine(BaseModel):
    """A chat model behind an OpenAI-compatible URL: vLLM, Ollama, llama.cpp or a hosted one.

    Attributes:
        url: The base URL, usually ending in ``/v1``; several where replicas serve the same model.
        model: The model's name at the server; None takes the first one that the server lists.
        adapters: Names of LoRA adapters at the server that a conversation may choose in place of the model, besides
            those that the server lists.
        api_key_env: Name of the environment variable that holds the key. A key is never in a file.
        timeout: Seconds to wait for the server's next byte.
        temperature: Sampling temperature.
        vision: Whether the model is sent the pictures that are found; ``auto`` goes by its name.
        context: Tokens that prompt and reply may have together; None asks the server.
        strict: Whether tools are sent with ``strict``, so that the server constrains the arguments of calls to their
            schemas; ``auto`` does so where the server is vLLM.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | tuple[str, ...]
    model: str | None = None
    adapters: tuple[str, ...] = ()
    api_key_env: str = "OPENAI_API_KEY"
    timeout: float = Field(60, gt=0)
    temperature: float = Field(0, ge=0, le=2)
    vision: bool | Literal["auto"] = "auto"
    context: int | None = Field(None, ge=512)
    strict: bool | Literal["auto"] = "auto"

    @field_validator("url", mode="wrap")
    @classmethod
    def _addresses(cls, given: Any, check: ValidatorFunctionWrapHandler) -> str | tuple[str, ...]:
        listed = [given] if isinstance(given, str) else given
        if not isinstance(listed, list | tuple) or not listed:
            raise ValueError("must be an address, or a list of them")
        for each in listed:
            if not isinstance(each, str) or not ADDRESS.fullmatch(each):
                raise PydanticCustomError(
                    "address", "must begin with http:// or https:// (got {given})", {"given": repr(each)}
                )
        found: str | tuple[str, ...] = check(given)
        return found

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses, each once."""
        return (self.url,) if isinstance(self.url, str) else tuple(dict.fromkeys(self.url))

    @property
    def place(self) -> str:
        """Where it is, for people."""
        first, *others = self.urls
        return f"{first} and {len(others)} more" if others else first
