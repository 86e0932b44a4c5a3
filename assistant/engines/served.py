"""A chat model behind one OpenAI-compatible URL, with its thoughts and its failures told apart."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from typing import Any, Literal

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr

from assistant.engines.completions import complete
from assistant.engines.faults import Refusal, translate
from assistant.engines.profile import Profile, read_profile
from assistant.engines.reasoning import THOUGHTS, Splitter, thoughts_in
from assistant.engines.wire import Wire
from assistant.errors import EngineError, EngineRefused, EngineUnreachable
from assistant.usage import TIMING, Clock

log = logging.getLogger(__name__)

# How servers put it that they cannot hold a model to a tool's schema.
SCHEMA = re.compile(r"strict|schema|grammar|structured|guided", re.I)
# How servers put it that they take no seed.
SEED = re.compile(r"\bseed\b", re.I)
# What a server may take to list its models, and to show that it is there.
SECONDS_TO_LIST, SECONDS_TO_ANSWER = 10.0, 2.0
# Seconds that a reply is left to come where nobody reads along, and the part of the patience at most.
GATHER, PART = 0.25, 0.25
# Takes the place of a model's name until the server has been asked which one it has.
UNKNOWN = "(first model of the server)"


class ServedModel(ChatOpenAI):
    """The chat completions of a server; its errors are ours, and a missing model name is asked for once."""

    _wire: Wire = PrivateAttr()
    _patience: float = PrivateAttr(default=60)
    _strict: bool | Literal["auto"] = PrivateAttr(default="auto")
    _profile: Profile | None = PrivateAttr(default=None)
    _seeds: bool = PrivateAttr(default=True)
    # Whether the prompt holds the tag that begins thoughts, so that replies begin within them; learnt from a reply.
    _thinks_at_once: bool = PrivateAttr(default=False)

    def _get_request_payload(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        payload = super()._get_request_payload(*args, **kwargs)
        if not self._seeds:
            payload.pop("seed", None)
        if self._is_strict and "tools" in payload:
            tools = payload["tools"]
            payload["tools"] = [{**tool, "function": {**tool["function"], "strict": True}} for tool in tools]
        return payload

    async def _astream(self, *args: Any, watched: bool = True, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        if not watched:
            kwargs["gather"] = min(GATHER, self._patience * PART)
        while True:
            begun = False
            try:
                profile = await self._learn()
                if self.model_name == UNKNOWN:
                    self.model_name = profile.models[0]
                async for chunk in self._told_apart(super()._astream(*args, **kwargs)):
                    begun = True
                    yield chunk
                if not begun:
                    raise EngineRefused(f"The server at {self.url} answered with something that is no reply.")
            except Exception as error:
                told = translate(error, self.url, self._patience, begun=begun)
                if begun or not self._does_without(told):
                    raise told from error
            else:
                return

    def _does_without(self, error: EngineError) -> bool:
        """Whether what a server does not know of was left out, so that it can be asked again."""
        if not isinstance(error, EngineRefused):
            return False
        if self.stream_usage and "stream_options" in str(error):
            self.stream_usage = False
        elif self._seeds and SEED.search(str(error)):
            self._seeds = False
        elif self._is_strict and SCHEMA.search(str(error)):
            self._strict = False
        else:
            return False
        log.warning("asked again without it: %s", error)
        return True

    @property
    def _is_strict(self) -> bool:
        """Whether tools are sent with ``strict``, which OpenAI takes for other schemas than these."""
        return self._strict if isinstance(self._strict, bool) else bool(self._profile and self._profile.vllm)

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
        made = super()._convert_chunk_to_generation_chunk(complete(chunk), default_chunk_class, base_generation_info)
        choices = chunk.get("choices") or []
        if made and choices and (thoughts := thoughts_in(choices[0].get("delta"))):
            made.message.additional_kwargs[THOUGHTS] = thoughts
        return made

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._wire.aclose()

    @property
    def url(self) -> str:
        """Where the server is."""
        return str(self.openai_api_base)

    async def describe(self) -> Profile:
        """Returns what the server tells of its models; asked once.

        Raises:
            EngineError: It cannot be asked, or has no model.
        """
        if self._profile is None:
            try:
                listed = await self._wire.get("/models", min(self._patience, SECONDS_TO_LIST))
                found = read_profile(listed["data"])
            except Exception as error:
                raise translate(error, self.url, self._patience) from error
            if not found.models:
                raise EngineRefused(f"The server at {self.url} lists no model; start it with one.")
            self._profile = found
        return self._profile

    async def alive(self) -> bool:
        """Whether the server answers at all."""
        try:
            await self._wire.get("/models", SECONDS_TO_ANSWER)
        except Refusal as error:
            return error.code < 500  # noqa: PLR2004 — it is there and does not list
        except Exception:
            return False
        return True

    async def _learn(self) -> Profile:
        """The server's profile; an empty one where it does not list its models and one is named."""
        try:
            return await self.describe()
        except EngineUnreachable:
            raise
        except EngineError as error:
            if self.model_name == UNKNOWN:
                raise
            log.info("nothing is known of the models: %s", error)
            self._profile = Profile()
            return self._profile
