"""Between the conversation and the library: what to search for, and what the searches of this turn found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from assistant.engines.builtin.answer import Found, Reply, from_library
from assistant.engines.builtin.asking import wanted
from assistant.engines.builtin.followup import standalone
from assistant.engines.builtin.read import Reader
from assistant.engines.builtin.steps import Call
from assistant.state import said

SEARCH = "search_documents"


def request_of(messages: Sequence[BaseMessage]) -> str:
    """Returns the last thing that the person asked, standing by itself where it leaned on what came before."""
    asked = [at for at, message in enumerate(messages) if isinstance(message, HumanMessage)]
    earlier = [
        (messages[at].text, next((m.text for m in reversed(messages[at:until]) if isinstance(m, AIMessage)), ""))
        for at, until in pairwise(asked)
    ]
    return standalone(messages[asked[-1]].text, earlier)


def searches(request: str) -> list[Call]:
    """Returns the searches that a question to the library takes."""
    want = wanted(request)
    limit = {"limit": want.limit} if want.limit else {}
    return [Call(SEARCH, {"query": question, **limit}) for question in want.questions]


def answer(request: str, messages: Sequence[BaseMessage], reader: Reader, min_confidence: float) -> Reply:
    """Answers from the searches of this turn.

    Args:
        request: What was asked, standing by itself.
        messages: The conversation, the results of this turn's calls last.
        reader: Finds the answers.
        min_confidence: Below it the reply declines.
    """
    queries = {
        call["id"]: str(call["args"].get("query", request))
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    }
    found = []
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            break
        if isinstance(message, ToolMessage) and message.name == SEARCH and message.status != "error":
            found.append(Found(queries.get(message.tool_call_id, request), json.loads(said(message))))
    return from_library(wanted(request), found[::-1], reader, min_confidence)
