"""The chat model of a vLLM of our own: it waits for the server, and asks again after one that died."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from pydantic import PrivateAttr

from assistant.engine_info import ServerState
from assistant.engines.chunks import again
from assistant.engines.direct import DirectModel
from assistant.engines.vllm.server import VllmServer
from assistant.engines.vllm.state import Progress
from assistant.errors import EngineUnreachable
from assistant.settings import ServerEngine

Connect = Callable[[ServerEngine], BaseChatModel]

# How often one reply is asked for again after the server has died under it.
RETRIES = 2


class WatchedModel(DirectModel):
    """A chat model behind a server that may still load or have to be started again.

    While a reply waits for the server, chunks without text tell under ``progress`` of their ``response_metadata`` how
    far it is.
    """

    _server: VllmServer = PrivateAttr()
    _connect: Connect = PrivateAttr()
    _models: dict[str, BaseChatModel] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, server: VllmServer, connect: Connect) -> WatchedModel:
        """Returns the model of a server.

        Args:
            server: Which one.
            connect: Makes a chat model of what is told of a server that is ready.
        """
        model = cls()
        model._server, model._connect = server, connect
        return model

    @property
    def _llm_type(self) -> str:
        return "vllm"

    async def _astream(self, *args: Any, watched: bool = True, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        kwargs["watched"] = watched
        for left in range(RETRIES, -1, -1):
            begun = False
            try:
                async for state in self._server.follow():
                    if state.phase == "failed":
                        raise EngineUnreachable(state.progress.message)
                    if state.engine:
                        break
                    yield _waiting(state.progress)
                async with aclosing(self._model(state.engine)._astream(*args, **kwargs)) as chunks:  # type: ignore[type-var]
                    async for chunk in chunks:
                        begun = True
                        yield chunk
            except EngineUnreachable:
                self._server.suspect()
                if (begun and watched) or not left or self._server.state.phase == "failed":
                    raise
                if begun:
                    yield again()
            else:
                return

    def _model(self, engine: ServerEngine | None) -> BaseChatModel:
        assert engine
        if engine.place not in self._models:
            self._models[engine.place] = self._connect(engine)
        return self._models[engine.place]

    def states(self) -> tuple[ServerState, ...]:
        """Returns how the server is; none before it was ready for the first time."""
        from assistant.engines.replicas import Replicas

        engine = self._server.state.engine
        asked = {place: each.states() for place, each in self._models.items() if isinstance(each, Replicas)}
        return tuple(
            replace(state, up=state.up and bool(engine and engine.place == place))
            for place, states in asked.items()
            for state in states
        )

    async def context(self, name: str = "") -> int | None:
        """Returns how many tokens prompt and reply may have together; None while that is not known.

        Args:
            name: Which adapter; empty is the model.
        """
        from assistant.engines.openai import context_of
        from assistant.engines.replicas import Replicas

        engine = self._server.state.engine
        model = self._model(engine) if engine else None
        return await context_of(model, engine, name) if engine and isinstance(model, Replicas) else None

    async def aclose(self) -> None:
        """Closes the connections and stops the server."""
        for model in self._models.values():
            if close := getattr(model, "aclose", None):
                await close()
        await self._server.close()


def _waiting(progress: Progress) -> ChatGenerationChunk:
    told = {"progress": {"message": progress.message, "fraction": progress.fraction}}
    return ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=told))
