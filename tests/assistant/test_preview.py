"""What a call would do is shown to the person who is asked to approve it."""

from __future__ import annotations

from pathlib import Path

from assistant.app import build
from assistant.approval import Decision, Rule
from assistant.events import Answer, ApprovalNeeded
from assistant.settings import Settings
from assistant.terminal_approval import described
from tests.tools.robots import QUICK, tools
from tests.tools.test_robot import kept
from ui.approval import card_html


def head(path: str) -> bytes:
    return Path(path).read_bytes()[:8]


async def test_the_rehearsal_and_its_film_come_with_the_question(tmp_path):
    tools()
    settings = Settings.model_validate({"home": tmp_path, "engine": "builtin", "tools": {"settings": {"robot": QUICK}}})
    rules = [Rule(tool="robot_*", decide="ask")]
    async with build(settings) as assistant:
        *_, end = [event async for event in assistant.stream("pick up the red cube", rules=rules)]
        assert isinstance(end, ApprovalNeeded)
        (request,) = end.requests
        assert request.preview.startswith("Rehearsed: The gripper holds the red cube")
        assert head(request.film)[4:] == b"ftyp"
        assert kept(tmp_path / "files" / end.conversation)["log"] == []
        assert "Rehearsed: The gripper holds" in described(request)
        assert "data:video/mp4;base64," in card_html(end.conversation, end.requests)
        decisions = {request.id: Decision(approved=True)}
        *_, done = [event async for event in assistant.resume(end.conversation, decisions, rules=rules)]
        assert isinstance(done, Answer)
        assert done.text.startswith("The gripper holds the red cube")
