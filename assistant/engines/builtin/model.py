"""The engine that is always there: no language model, only a router, a reader and exact tools.

It calls one tool for a request, or searches the library, and answers with sentences that stand there.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from assistant.engines.builtin.answer import Reply, from_tool
from assistant.engines.builtin.library import SEARCH, answer, request_of, searches
from assistant.engines.builtin.made import from_made, from_origin
from assistant.engines.builtin.pictures import from_pictures
from assistant.engines.builtin.read import Reader
from assistant.engines.builtin.route import Router
from assistant.engines.builtin.steps import Ask, Call, Plan, Talk
from assistant.engines.builtin.turn import asked_at, asked_for, before, finished, number_in, number_of, query_of
from assistant.state import said

NO_NUMBER = "I found no number in this that I am sure enough of to go on calculating with."
NAME = "built-in engine (no language model)"

# Tools whose results are told in words of their own.
TOLD = {"generate_image": from_made, "edit_image": from_made, "verify_image": from_origin}


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

    def _respond(self, messages: Sequence[BaseMessage], tools: Mapping[str, Any]) -> Reply | Ask | Sequence[Call]:
        # Whether it leans on what came before is for the library to know: "it" may be the step before.
        request, done = messages[asked_at(messages)].text, finished(messages)
        if done and done[-1].status == "error":
            return self._after_error(request, done, messages, tools)
        chosen = self.router.choose(request, tools, asked_for(messages))
        if isinstance(chosen, Talk):
            return Reply(chosen.text, confidence=1.0, about_itself=True)
        if isinstance(chosen, Ask):
            return chosen
        gave_way = any(message.status == "error" for message in done)
        if done and (len(chosen) == 1 or gave_way):
            return self._reply(request_of(messages), messages)
        if _is_search(chosen, request):
            return self._followed(request, request_of(messages), tools)
        return self._next(chosen, done, messages)

    def _followed(self, request: str, whole: str, tools: Mapping[str, Any]) -> Ask | Sequence[Call]:
        """Searches, unless a request that leaned on the one before is meant for a tool as that was: "and of 120?"."""
        again = self.router.choose(whole, tools) if whole != request else None
        if isinstance(again, Ask):
            return again
        if isinstance(again, list) and len(again) == 1 and isinstance(again[0], Call) and not _is_search(again, whole):
            return [again[0]]
        return searches(whole)

    def _next(self, plan: Plan, done: Sequence[ToolMessage], messages: Sequence[BaseMessage]) -> Reply | Sequence[Call]:
        """The next step of several, or what all of them found."""
        if len(done) >= len(plan):
            return self._together(done, messages)
        step = plan[len(done)]
        if isinstance(step, Call):
            return [step]
        number = self._number(done[-1], messages) if done else None
        if number is None:
            found = self._together(done, messages)
            return replace(found, text=f"{found.text}\n\n{NO_NUMBER}")
        return [Call("calculator", {"expression": step.template.format(number)})]

    def _number(self, message: ToolMessage, messages: Sequence[BaseMessage]) -> str | None:
        """The number that a step found, to calculate with; None where it found none."""
        result = json.loads(said(message))
        if message.name != SEARCH:
            return number_of(result)
        query = query_of(message, messages)
        read = self.reader.read(query, result)[:1]
        return (
            number_in(query, read[0].sentence, read[0].answer)
            if read and read[0].confidence >= self.min_confidence
            else None
        )

    def _together(self, done: Sequence[ToolMessage], messages: Sequence[BaseMessage]) -> Reply:
        replies = [self._reply(query_of(message, messages), [*before(messages, message), message]) for message in done]
        return Reply(
            "\n\n".join(reply.text for reply in replies),
            min(reply.confidence for reply in replies),
            abstained=any(reply.abstained for reply in replies),
            about_itself=all(reply.about_itself for reply in replies),
        )

    def _reply(self, request: str, messages: Sequence[BaseMessage]) -> Reply:
        """What the last call found, in words."""
        last = messages[-1]
        assert isinstance(last, ToolMessage)
        if last.name == SEARCH:
            return answer(request, messages, self.reader, self.min_confidence)
        if last.name == "search_pictures":
            known = any(isinstance(each, ToolMessage) and each.name == last.name for each in messages[:-1])
            return from_pictures(json.loads(said(last)), told=known)
        if tell := TOLD.get(last.name or ""):
            return tell(json.loads(said(last)))
        return from_tool(last.name or "", json.loads(said(last)))

    def _after_error(
        self, request: str, done: Sequence[ToolMessage], messages: Sequence[BaseMessage], tools: Mapping[str, Any]
    ) -> Reply | Sequence[Call]:
        """A tool that we only guessed at gives way to the library; one that was asked for tells why it failed."""
        error, asked = done[-1], asked_for(messages)
        named = request.lstrip().startswith("@") or (asked is not None and asked.tool == error.name)
        guessed = error.name in ("calculator", "solve", "plot") and len(done) == 1 and not named
        if guessed and SEARCH in tools and not self.router.is_sure(request):
            return searches(request_of(messages))
        reason = _reason(said(error))
        unhelped = error.name in tools and not _advises(said(error))
        hint = f" Please say `help with {error.name}` to see what it takes." if unhelped else ""
        failed = Reply(f"I could not do that with `{error.name}`: {reason}.{hint}", confidence=0.0, about_itself=True)
        if len(done) == 1:
            return failed
        found = self._together(done[:-1], messages)
        quoted = any(message.name == SEARCH for message in done)
        return Reply(f"{found.text}\n\n{failed.text}", 0.0, found.abstained, about_itself=not quoted)


def _reason(error: str) -> str:
    """Why a call failed; of Python's traceback only its last line, which names the error."""
    lines = error.removeprefix("Error: ").strip().splitlines()
    told = lines[-1:] if "Traceback (most recent call last)" in error else lines
    return "\n".join(told).rstrip(".")


def _advises(error: str) -> bool:
    """Whether an error ends with a sentence of its own that says how to go on, as after a stop."""
    reason, end, advice = error.removeprefix("Error: ").strip().rpartition(". ")
    return bool(end and advice.endswith(".")) and not reason.startswith("wrong arguments")


def _is_search(calls: Plan, request: str) -> bool:
    """Whether a request goes to the library as it stands, which may take several searches."""
    return len(calls) == 1 and calls[0] == Call("search_documents", {"query": request})


def _message(step: Reply | Ask | Sequence[Call]) -> AIMessage:
    if isinstance(step, Ask):
        asked = {"tool": step.tool, "arguments": dict(step.arguments), "text": step.text}
        return AIMessage(step.text, response_metadata={"confidence": 1.0, "about_itself": True, "asked_for": asked})
    if not isinstance(step, Reply):
        calls = [
            {"name": call.tool, "args": call.arguments, "id": f"call_{uuid.uuid4().hex[:12]}", "type": "tool_call"}
            for call in step
        ]
        return AIMessage("", tool_calls=calls)
    about = {"confidence": step.confidence, "abstained": step.abstained, "about_itself": step.about_itself}
    return AIMessage(step.text, response_metadata=about)
