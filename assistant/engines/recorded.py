"""A chat model that says what another one has said before."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from assistant.errors import EngineRefused


class RecordedModel(BaseChatModel):
    """Gives recorded replies in their order, whatever it is asked."""

    _left: deque[AIMessage] = PrivateAttr(default_factory=deque)
    _count: int = PrivateAttr(default=0)

    @classmethod
    def of(cls, replies: Sequence[AIMessage]) -> RecordedModel:
        """Returns the model.

        Args:
            replies: What it says.
        """
        made = cls()
        made._left, made._count = deque(replies), len(replies)
        return made

    @property
    def left(self) -> int:
        """Replies that were not asked for so far."""
        return len(self._left)

    @property
    def _llm_type(self) -> str:
        return "recorded"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        if not self._left:
            raise EngineRefused(f"The model is asked for more than the {self._count} replies that were recorded.")
        return ChatResult(generations=[ChatGeneration(message=self._left.popleft())])
