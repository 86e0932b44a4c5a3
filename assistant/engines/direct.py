"""What our chat models of servers have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatResult
from langchain_core.runnables import RunnableConfig

from assistant.engines.chunks import gathered


class DirectModel(BaseChatModel):
    """A chat model that streams without telling LangChain's callbacks of each piece, which costs more than reading it.

    Traces of turns do not come from these callbacks; see ``assistant.tracing``.
    """

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError("ask it in a coroutine")

    async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return await gathered(self._astream(*args, **{**kwargs, "watched": False}))

    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """Yields a reply as it comes; its last piece, which is empty, says that it is the last one.

        Args:
            input: The messages.
            config: Is not looked at.
            stop: Words that end the reply.
            kwargs: As the model takes them.
        """
        async for chunk in self._astream(self._convert_input(input).to_messages(), stop=stop, **kwargs):
            message = chunk.message
            assert isinstance(message, AIMessageChunk)
            if chunk.generation_info:
                message.response_metadata = {**chunk.generation_info, **message.response_metadata}
            yield message
        yield AIMessageChunk(content="", chunk_position="last")
