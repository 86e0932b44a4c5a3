"""A chat model behind any OpenAI-compatible URL, with the server's failures told apart."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx2
import openai
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr, SecretStr

from assistant.engines.reasoning import THOUGHTS, Splitter, thoughts_in
from assistant.errors import EngineError, EngineRefused, EngineTimeout, EngineUnreachable
from assistant.settings import ServerEngine
from assistant.usage import TIMING, Clock

# Servers without accounts want no key, but the client insists on sending one.
NO_KEY = "none"
# Takes the place of a model's name until the server has been asked which one it has.
UNKNOWN = "(first model of the server)"


class ServedModel(ChatOpenAI):
    """The chat completions of a server; its errors are ours, and a missing model name is asked for once."""

    _patience: float = PrivateAttr(default=60)
    # Whether the prompt holds the tag that begins thoughts, so that replies begin within them; learnt from a reply.
    _thinks_at_once: bool = PrivateAttr(default=False)

    def _get_request_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Sends messages and tools as they are.

        The client would go through each key of each message first, which costs more than the rest of the request
        in a long conversation; what LangChain has made is plain JSON already.
        """
        payload = super()._get_request_payload(*args, **kwargs)
        plain = {key: payload[key] for key in ("messages", "tools") if key in payload}
        payload.pop("tools", None)
        return payload | {"messages": [], "extra_body": plain | (payload.get("extra_body") or {})}

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        chunk = None
        try:
            if self.model_name == UNKNOWN:
                self.model_name = (await self.models())[0]
            async for chunk in self._told_apart(super()._astream(*args, **kwargs)):
                yield chunk
            if chunk is None:
                raise EngineRefused(f"The server at {self.openai_api_base} answered with something that is no reply.")
        except EngineError:
            raise
        except Exception as error:
            raise self._translate(error, begun=chunk is not None) from error

    async def _told_apart(self, chunks: AsyncIterator[ChatGenerationChunk]) -> AsyncIterator[ChatGenerationChunk]:
        """Moves thoughts out of the text, and tells at the end how long it took."""
        split, clock, calls = Splitter(inside=self._thinks_at_once), Clock(), False
        async for chunk in chunks:
            message = chunk.message
            assert isinstance(message, AIMessageChunk)
            calls = calls or bool(message.tool_call_chunks)
            if message.content or message.tool_call_chunks or THOUGHTS in message.additional_kwargs:
                clock.tick()
            if message.content:
                thoughts, message.content = split.feed(str(message.content))
                if thoughts:
                    message.additional_kwargs[THOUGHTS] = message.additional_kwargs.get(THOUGHTS, "") + thoughts
            yield chunk
        if not clock.ticks:
            return
        thoughts, said = split.close()
        if mistaken := "" if calls else split.mistaken:
            said = mistaken + thoughts
        self._thinks_at_once = split.lone or (self._thinks_at_once and not mistaken)
        extra = {THOUGHTS: thoughts} if thoughts else {}
        end = AIMessageChunk(content=said, additional_kwargs=extra, response_metadata={TIMING: clock.times()})
        yield ChatGenerationChunk(message=end)

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: dict[str, Any] | None
    ) -> ChatGenerationChunk | None:
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or []
        if made and choices and (thoughts := thoughts_in(choices[0].get("delta"))):
            made.message.additional_kwargs[THOUGHTS] = thoughts
        return made

    async def aclose(self) -> None:
        """Closes the connections."""
        if self.http_async_client:
            await self.http_async_client.aclose()

    async def models(self) -> list[str]:
        """Returns the names of the server's models.

        Raises:
            EngineError: The server cannot be asked, or has none.
        """
        try:
            listed = await self.root_async_client.models.list()
            names = [model.id for model in listed.data]
        except Exception as error:
            raise self._translate(error) from error
        if not names:
            raise EngineRefused(f"The server at {self.openai_api_base} lists no model; start it with one.")
        return names

    def _translate(self, error: Exception, *, begun: bool = False) -> EngineError:
        """Returns the error that a person can act on."""
        where = f"The server at {self.openai_api_base}"
        if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException | TimeoutError):
            return EngineTimeout(f"{where} gave no answer for {self._patience:g} s; see engine.timeout, or its log.")
        if isinstance(error, openai.APIStatusError):
            return EngineRefused(f"{where} answered {error.status_code}: {_reason(error)}.")
        if isinstance(error, openai.APIConnectionError | httpx2.TransportError):
            if begun:
                return EngineUnreachable(f"{where} broke off in the middle of the answer ({error}); ask again.")
            return EngineUnreachable(f"{where} cannot be reached ({error.__cause__ or error}); is it running?")
        return EngineRefused(f"{where} answered with something that is no chat completion ({type(error).__name__}).")


def serve(engine: ServerEngine) -> ServedModel:
    """Returns the chat model of a server; nothing is sent before the first question.

    Args:
        engine: URL, model and limits; the key comes from the environment variable that it names.
    """
    model = ServedModel(
        model=engine.model or UNKNOWN,
        base_url=engine.url,
        api_key=SecretStr(os.environ.get(engine.api_key_env) or NO_KEY),
        timeout=engine.timeout,
        stream_chunk_timeout=engine.timeout,
        max_retries=0,  # a retry would wait for the time limit again
        temperature=engine.temperature,
        # Our own, since LangChain shares one among all models, which nobody may close.
        http_async_client=openai.DefaultAsyncHttpxClient(timeout=engine.timeout),
        stream_usage=True,
        use_responses_api=False,
    )
    model._patience = engine.timeout
    return model


async def list_models(engine: ServerEngine) -> list[str]:
    """Returns the names of a server's models.

    Raises:
        EngineError: The server cannot be asked, or has none.
    """
    async with aclosing(serve(engine)) as model:
        return await model.models()


def _reason(error: openai.APIStatusError) -> str:
    body = error.body
    if isinstance(body, dict):
        body = body.get("message") or json.dumps(body)
    text = " ".join(str(body or error.message).split())
    return text if len(text) <= 200 else text[:199] + "…"  # noqa: PLR2004 — one line
