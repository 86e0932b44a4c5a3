"""The engine that is always there: no language model, only a router, a reader and exact tools.

It calls one tool for a request, or searches the library, and answers with sentences that stand there.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from assistant.engines.builtin.answer import Reply, from_tool
from assistant.engines.builtin.library import answer, request_of, searches
from assistant.engines.builtin.pictures import from_pictures
from assistant.engines.builtin.read import Reader
from assistant.engines.builtin.route import Router
from assistant.engines.builtin.steps import Ask, Call, Talk
from assistant.state import said

NAME = "built-in engine (no language model)"


class BuiltinModel(BaseChatModel):
    """A chat model in form, so that the agent loop need not know that none is behind it.

    Attributes:
        router: Chooses a tool for a request.
        reader: Finds the sentences that answer a question.
        min_confidence: Below it the engine declines.
    """

    router: Router
    reader: Reader
    min_confidence: float

    @property
    def _llm_type(self) -> str:
        return "assistant-builtin"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        tools = {tool["function"]["name"]: tool["function"] for tool in kwargs.get("tools", [])}
        message = _message(self._respond(messages, tools))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _respond(self, messages: Sequence[BaseMessage], tools: Mapping[str, Any]) -> Reply | Sequence[Call]:
        request = request_of(messages)
        last = messages[-1]
        if not isinstance(last, ToolMessage):
            chosen = self.router.choose(request, tools)
            if isinstance(chosen, Talk | Ask):
                return Reply(chosen.text, confidence=1.0, about_itself=True)
            return searches(request) if _is_search(chosen, request) else chosen[:1]
        if last.status == "error":
            return self._after_error(request, last, tools)
        if last.name == "search_documents":
            return answer(request, messages, self.reader, self.min_confidence)
        if last.name == "search_pictures":
            known = any(isinstance(each, ToolMessage) and each.name == last.name for each in messages[:-1])
            return from_pictures(json.loads(said(last)), told=known)
        return from_tool(last.name or "", json.loads(said(last)))

    def _after_error(self, request: str, error: ToolMessage, tools: Mapping[str, Any]) -> Reply | Sequence[Call]:
        """A tool that we only guessed at gives way to the library; one that was asked for tells why it failed."""
        guessed = error.name != "search_documents" and not request.lstrip().startswith("@")
        if guessed and "search_documents" in tools and not self.router.is_sure(request):
            return searches(request)
        reason = said(error).removeprefix("Error: ")
        return Reply(f"`{error.name}` could not do that: {reason}.", confidence=0.0, about_itself=True)


def _is_search(calls: Sequence[Call], request: str) -> bool:
    """Whether a request goes to the library as it stands, which may take several searches."""
    return len(calls) == 1 and calls[0] == Call("search_documents", {"query": request})


def _message(step: Reply | Sequence[Call]) -> AIMessage:
    if not isinstance(step, Reply):
        calls = [
            {"name": call.tool, "args": call.arguments, "id": f"call_{uuid.uuid4().hex[:12]}", "type": "tool_call"}
            for call in step
        ]
        return AIMessage("", tool_calls=calls)
    about = {"confidence": step.confidence, "abstained": step.abstained, "about_itself": step.about_itself}
    return AIMessage(step.text, response_metadata=about)
