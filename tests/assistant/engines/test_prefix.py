"""Requests of one conversation begin alike, byte for byte, so that a server's prefix cache can serve them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from assistant.events import Answer
from assistant.session import Assistant
from tests.replies import Calls, Text
from tests.scripted_server import ScriptedServer


def prompt(body: dict[str, Any]) -> bytes:
    """What a chat template makes the prompt of, in its order."""
    messages = b"\n".join(json.dumps(message).encode() for message in body["messages"])
    return json.dumps(body["tools"]).encode() + b"\n" + messages


async def test_each_request_begins_with_the_one_before(
    assistant: Assistant, model_server: ScriptedServer, tool_folder: Path
) -> None:
    search = Calls([("search_documents", {"query": "notice period"})], text="Looking.", thoughts="Search first.")
    both = Calls([("roll_dice", {"count": 2}), ("search_documents", {"query": "lighthouse"})])
    broken = Calls([("roll_dice", "count two")])
    model_server.say(search, Text("Three months. [1]"), both, broken, Text("1874. [2]"), Text("<think>x</think>Yes."))
    conversation = None
    for question in ("How long is the notice period?", "And the lighthouse?", "Sure?"):
        end = await assistant.ask(question, conversation)
        assert isinstance(end, Answer), end
        conversation = end.conversation
        (tool_folder / "dice.py").touch()  # read again, and still the same
    prompts = [prompt(request.body) for request in model_server.requests]
    assert len(prompts) == 6
    for earlier, later in itertools.pairwise(prompts):
        assert later.startswith(earlier)
    # Another conversation shares the tools and the rules.
    model_server.say(Text("Hello there to you."))
    await assistant.ask("Hello?")
    other = prompt(model_server.requests[-1].body)
    rules = json.dumps(model_server.requests[0].messages[0]).encode()
    assert other[: other.index(rules) + len(rules)] == prompts[0][: prompts[0].index(rules) + len(rules)]
