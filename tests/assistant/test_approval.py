"""Approval and taint: what may run, on every road, and what happens to the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from assistant.app import build
from assistant.approval import Decision, Rule, judge, read_policy, refusals
from assistant.errors import SettingsError
from assistant.events import Answer, ApprovalNeeded, ApprovalRequest, Event, Failed, ToolFinished
from assistant.plugin import tool
from assistant.schema import build_tool
from assistant.session import Assistant
from assistant.settings import Settings, ToolSettings
from tests.replies import Calls, Text
from tests.scripted_server import ScriptedServer

MAIL = '''
from pathlib import Path
from assistant.plugin import Context, tool

SENT = Path(__file__).with_name("sent.txt")

def write(line):
    with SENT.open("a") as file:
        file.write(line + "\\n")

@tool(touches=["network", "files"])
def send_mail(to: str, text: str) -> str:
    """Send a mail."""
    write(f"{to}: {text}")
    return "sent"

@tool(approval="first time", trusted=True, touches=["files"])
def ring(times: int = 1) -> str:
    """Ring the bell."""
    write(f"ring {times}")
    return "rang"

@tool(approval="always", trusted=True, touches=["files"])
def explode() -> str:
    """Explode."""
    write("boom")
    return "boom"
'''
SEARCH = Calls([("search_documents", {"query": "notice period"})])
SEND = Calls([("send_mail", {"to": "a@example.org", "text": "hello"})])
RING = Calls([("ring", {"times": 2})])
DONE = Text("Done as you asked.")


@pytest.fixture
def mail_folder(tool_folder: Path) -> Path:
    (tool_folder / "mail.py").write_text(MAIL)
    return tool_folder


@pytest.fixture
async def mailing(served: Settings, documents: Path, mail_folder: Path) -> AsyncIterator[Assistant]:
    async with build(served) as assistant:
        assistant.library.add([documents])
        yield assistant


def sent(folder: Path) -> list[str]:
    path = folder / "sent.txt"
    return path.read_text().splitlines() if path.exists() else []


async def events_of(events: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in events]


async def test_a_pure_question_may_have_side_effects_without_approval(
    mailing: Assistant, model_server: ScriptedServer, mail_folder: Path
) -> None:
    model_server.say(SEND, DONE)
    assert isinstance(await mailing.ask("Write hello to a@example.org"), Answer)
    assert sent(mail_folder) == ["a@example.org: hello"]


async def test_after_foreign_text_side_effects_wait_for_a_person(
    mailing: Assistant, model_server: ScriptedServer, mail_folder: Path
) -> None:
    model_server.say(SEARCH, SEND)
    *_, end = await events_of(mailing.stream("What about notice?"))
    assert isinstance(end, ApprovalNeeded)
    (request,) = end.requests
    assert (request.tool, request.arguments) == ("send_mail", {"to": "a@example.org", "text": "hello"})
    assert "text from documents or tools" in request.reason
    assert sent(mail_folder) == []

    model_server.say(DONE)
    *_, answer = await events_of(mailing.resume(end.conversation, {request.id: Decision(approved=True)}))
    assert isinstance(answer, Answer)
    assert [call.name for call in answer.tool_calls] == ["search_documents", "send_mail"]
    assert sent(mail_folder) == ["a@example.org: hello"]


async def test_a_later_turn_is_tainted_too_even_when_the_text_is_cut_away(
    served: Settings, documents: Path, model_server: ScriptedServer, mail_folder: Path
) -> None:
    short = served.model_copy(update={"agent": served.agent.model_copy(update={"history_turns": 1})})
    async with build(short) as assistant:
        assistant.library.add([documents])
        model_server.say(SEARCH, Text("Three months. [1]"), Text("Yes."), Text("They asked about notice."), SEND, DONE)
        first = await assistant.ask("How long is the notice period?")
        await assistant.ask("Sure?", first.conversation)
        last = await assistant.ask("Mail it", first.conversation)
    assert isinstance(last, Answer)
    assert sent(mail_folder) == []
    assert "not approved" in last.tool_calls[0].result


async def test_refused_calls_are_told_to_the_model_and_the_turn_goes_on(
    mailing: Assistant, model_server: ScriptedServer, mail_folder: Path
) -> None:
    model_server.say(Calls([("explode", {})]))
    *_, end = await events_of(mailing.stream("Explode"))
    assert isinstance(end, ApprovalNeeded)
    model_server.say(Text("Then not."))
    refusal = {end.requests[0].id: Decision(approved=False, note="too loud")}
    *events, answer = await events_of(mailing.resume(end.conversation, refusal))
    assert isinstance(answer, Answer)
    assert "too loud" in model_server.requests[-1].messages[-1]["content"]
    (finished,) = [event for event in events if isinstance(event, ToolFinished)]
    assert not finished.call.ok
    assert sent(mail_folder) == []


async def test_changed_arguments_are_what_runs_and_what_is_shown(
    mailing: Assistant, model_server: ScriptedServer, mail_folder: Path
) -> None:
    model_server.say(RING)
    *_, end = await events_of(mailing.stream("Ring twice"))
    assert isinstance(end, ApprovalNeeded)
    model_server.say(DONE)
    change = {end.requests[0].id: Decision(approved=True, arguments={"times": 1})}
    *_, answer = await events_of(mailing.resume(end.conversation, change))
    assert isinstance(answer, Answer)
    assert sent(mail_folder) == ["ring 1"]
    assert answer.tool_calls[0].arguments == {"times": 1}
    assert answer.tool_calls[0].result == "rang"
    assert "changed the arguments" in model_server.requests[-1].messages[-1]["content"]


async def test_the_first_time_is_once_in_a_conversation(
    mailing: Assistant, model_server: ScriptedServer, mail_folder: Path, served: Settings
) -> None:
    model_server.say(RING)
    *_, end = await events_of(mailing.stream("Ring"))
    assert isinstance(end, ApprovalNeeded)
    model_server.say(DONE)
    await events_of(mailing.resume(end.conversation, {end.requests[0].id: Decision(approved=True)}))
    model_server.say(RING, DONE)
    assert isinstance((await events_of(mailing.stream("Again", end.conversation)))[-1], Answer)
    model_server.say(RING, DONE)
    async with build(served) as later:  # remembered on disk
        assert isinstance((await events_of(later.stream("Again", end.conversation)))[-1], Answer)
    model_server.say(RING)
    assert isinstance((await events_of(mailing.stream("Ring elsewhere")))[-1], ApprovalNeeded)
    assert len(sent(mail_folder)) == 3


async def test_nobody_is_asked_about_arguments_that_do_not_fit_and_nothing_is_granted(
    mailing: Assistant, model_server: ScriptedServer, mail_folder: Path
) -> None:
    model_server.say(Calls([("ring", {"times": "many"})]), DONE)
    answer = await mailing.ask("Ring")
    assert isinstance(answer, Answer)
    (call,) = answer.tool_calls
    assert "wrong arguments for ring: times" in call.result
    assert "wrong arguments for ring: times" in model_server.requests[-1].messages[-1]["content"]
    model_server.say(RING)
    *_, end = await events_of(mailing.stream("Properly", answer.conversation))
    assert isinstance(end, ApprovalNeeded)
    model_server.say(DONE)
    wrong = {end.requests[0].id: Decision(approved=True, arguments={"times": "few"})}
    *_, answer = await events_of(mailing.resume(end.conversation, wrong))
    assert isinstance(answer, Answer)
    assert "wrong arguments for ring: times" in answer.tool_calls[0].result
    model_server.say(RING)
    assert isinstance((await events_of(mailing.stream("Again", end.conversation)))[-1], ApprovalNeeded)
    assert sent(mail_folder) == []


FICKLE = '''
from pathlib import Path
from typing import Annotated
from pydantic import BaseModel, field_validator
from assistant.plugin import tool

RUN = Path(__file__).with_name("sent.txt")
times = []

class Where(BaseModel):
    place: str

    @field_validator("place")
    @classmethod
    def fits_later(cls, place):
        times.append(place)
        if len(times) <= MISFITS:
            raise ValueError("not yet")
        return place

@tool(approval="always", touches=["files"])
def go(where: Where) -> str:
    """Go somewhere.

    Args:
        where: The place.
    """
    RUN.write_text("went\\n")
    return "went"
'''


@pytest.mark.parametrize("misfits", range(1, 6))
async def test_a_schema_that_changes_its_mind_is_no_way_around_approval(
    mailing: Assistant, model_server: ScriptedServer, mail_folder: Path, misfits: int
) -> None:
    (mail_folder / "fickle.py").write_text(FICKLE.replace("MISFITS", str(misfits)))
    model_server.say(Calls([("go", {"where": {"place": "north"}})]), DONE)
    *_, end = await events_of(mailing.stream("Go"))
    if isinstance(end, ApprovalNeeded):
        *_, end = await events_of(mailing.resume(end.conversation, {}))
    assert isinstance(end, Answer)
    assert not end.tool_calls[0].ok
    assert sent(mail_folder) == []


async def test_waiting_survives_a_restart(
    served: Settings, documents: Path, model_server: ScriptedServer, mail_folder: Path
) -> None:
    model_server.say(SEARCH, SEND)
    async with build(served) as before:
        before.library.add([documents])
        *_, end = await events_of(before.stream("What about notice?"))
    assert isinstance(end, ApprovalNeeded)
    model_server.say(Text("The notice period is three months after the trial period. [1]"))
    async with build(served) as after:
        (turn,) = await after.conversations.turns(end.conversation, "local")
        assert turn.state == "waiting"
        assert turn.result["requests"][0]["tool"] == "send_mail"  # type: ignore[index]
        *_, answer = await events_of(after.resume(end.conversation, {"0": Decision(approved=True)}))
    assert isinstance(answer, Answer)
    assert len(answer.citations) == 1
    assert sent(mail_folder) == ["a@example.org: hello"]


async def test_a_decision_counts_once_and_only_for_its_owner(
    mailing: Assistant, model_server: ScriptedServer, mail_folder: Path
) -> None:
    model_server.say(Calls([("explode", {})]))
    *_, end = await events_of(mailing.stream("Explode"))
    yes = {"0": Decision(approved=True)}
    *_, foreign = await events_of(mailing.resume(end.conversation, yes, owner="somebody"))
    assert isinstance(foreign, Failed)
    model_server.say(DONE)
    await events_of(mailing.resume(end.conversation, yes))
    *_, twice = await events_of(mailing.resume(end.conversation, yes))
    assert isinstance(twice, Failed)
    assert twice.kind == "NothingWaits"
    assert sent(mail_folder) == ["boom"]


async def test_a_decision_never_speaks_for_a_later_call(
    mailing: Assistant, model_server: ScriptedServer, mail_folder: Path
) -> None:
    model_server.say(Calls([("explode", {})]))
    *_, end = await events_of(mailing.stream("Explode"))
    model_server.say(Calls([("explode", {})]))
    *_, again = await events_of(mailing.resume(end.conversation, {"0": Decision(approved=True)}))
    assert isinstance(again, ApprovalNeeded)
    assert sent(mail_folder) == ["boom"]


async def test_another_question_gives_up_what_waits(
    mailing: Assistant, model_server: ScriptedServer, mail_folder: Path
) -> None:
    model_server.say(Calls([("explode", {})]), Text("Four."))
    *_, end = await events_of(mailing.stream("Explode"))
    assert isinstance(await mailing.ask("2+2?", end.conversation), Answer)
    *_, late = await events_of(mailing.resume(end.conversation, {"0": Decision(approved=True)}))
    assert isinstance(late, Failed)
    turns = await mailing.conversations.turns(end.conversation, "local")
    assert [turn.state for turn in turns] == ["failed", "answered"]
    assert sent(mail_folder) == []


async def test_only_the_calls_that_need_it_are_asked_for(
    mailing: Assistant, model_server: ScriptedServer, mail_folder: Path
) -> None:
    model_server.say(Calls([("roll_dice", {"count": 1}), ("explode", {}), ("ring", {})]))
    *_, end = await events_of(mailing.stream("All of it"))
    assert isinstance(end, ApprovalNeeded)
    assert [request.tool for request in end.requests] == ["explode", "ring"]
    model_server.say(DONE)
    decisions = {end.requests[1].id: Decision(approved=True)}  # nothing about the other one
    *_, answer = await events_of(mailing.resume(end.conversation, decisions))
    assert isinstance(answer, Answer)
    assert [call.ok for call in answer.tool_calls] == [True, False, True]
    assert sent(mail_folder) == ["ring 1"]


async def test_where_nobody_watches_rules_decide(
    served: Settings, documents: Path, model_server: ScriptedServer, mail_folder: Path
) -> None:
    rules = (Rule(tool="explode", decide="approve"), Rule(tool="send_*", arguments={"to": "a@*"}, decide="refuse"))
    ruled = served.model_copy(update={"tools": ToolSettings(folders=served.tools.folders, rules=rules)})
    async with build(ruled) as assistant:
        model_server.say(Calls([("explode", {}), ("send_mail", {"to": "a@b", "text": ""}), ("ring", {})]), DONE)
        answer = await assistant.ask("All of it")
        assert isinstance(answer, Answer)
        assert [call.ok for call in answer.tool_calls] == [True, False, False]
        model_server.say(Calls([("ring", {})]), DONE)
        await assistant.ask("Ring", rules=[Rule(tool="ring", decide="approve")])
    assert sent(mail_folder) == ["boom", "ring 1"]


def made(**declared: Any) -> Any:
    @tool(**declared)
    def act(to: str = "") -> str:
        """Act."""
        return to

    return build_tool(act, __file__)


@pytest.mark.parametrize(
    ("declared", "rule", "tainted", "ruling"),
    [
        ({}, None, False, "approve"),
        ({}, None, True, "approve"),
        ({"approval": "always"}, None, False, "ask"),
        ({"touches": "network"}, None, True, "ask"),
        ({"touches": "network"}, Rule(tool="a?t", decide="approve"), True, "ask"),
        ({"touches": "network"}, Rule(tool="act", decide="approve", tainted=True), True, "approve"),
        ({"touches": "network"}, Rule(tool="act", decide="approve"), False, "approve"),
        ({"approval": "always"}, Rule(tool="*", arguments={"to": ["x", "me@*"]}, decide="approve"), False, "approve"),
        ({"approval": "always"}, Rule(tool="*", arguments={"to": "you"}, decide="approve"), False, "ask"),
        ({"approval": "always"}, Rule(tool="*", arguments={"other": "*"}, decide="approve"), False, "ask"),
        ({}, Rule(tool="act", decide="refuse", tainted=True), False, "refuse"),
        ({}, Rule(tool="act", decide="ask"), False, "ask"),
        ({}, Rule(tool="other", decide="refuse"), False, "approve"),
    ],
)
def test_the_first_rule_that_fits_then_the_declaration(
    declared: dict[str, Any], rule: Rule | None, tainted: bool, ruling: str
) -> None:
    rules = [rule] if rule else []
    assert judge(made(**declared), {"to": "me@here"}, rules, tainted=tainted).ruling == ruling


@pytest.mark.parametrize(
    ("arguments", "ruling"),
    [({"force": "yes"}, "refuse"), ({"force": 1}, "refuse"), ({}, "refuse"), ({"force": "off"}, "approve")],
)
def test_rules_see_what_the_tool_would_get(arguments: dict[str, Any], ruling: str) -> None:
    @tool
    def remove(force: bool = True) -> None:
        """Remove."""

    rules = [Rule(tool="remove", arguments={"force": True}, decide="refuse")]
    assert judge(build_tool(remove, __file__), arguments, rules, tainted=False).ruling == ruling


class Place(BaseModel):
    far: bool = False


def test_a_tool_can_ask_for_its_arguments_and_touch_by_its_settings() -> None:
    def asks(settings: Place, to: str) -> str:
        return f"{to} is a stranger" if to != "ann" else ""

    @tool(settings=Place, asks=asks, reaches=lambda place: ["network"] if place.far else [])
    def wave(to: str) -> str:
        """Wave."""
        return to

    near, far = build_tool(wave, "here"), build_tool(wave, "here", {"far": True})
    assert (near.options.touches, far.options.touches) == ((), ("network",))
    approve, refuse = Rule(tool="*", decide="approve", tainted=True), Rule(tool="*", decide="refuse")
    assert judge(near, {"to": "bob"}, [], tainted=False).reason == "bob is a stranger"
    assert judge(near, {"to": "bob"}, [approve], tainted=False).ruling == "ask"
    assert judge(near, {"to": "bob"}, [refuse], tainted=False).ruling == "refuse"
    waiting = ApprovalRequest("1", "wave", {"to": "bob"}, "bob is a stranger", ())
    assert refusals([waiting])["1"].note == "bob is a stranger, and nobody is here to approve it"
    assert judge(near, {"to": "ann"}, [], tainted=True).ruling == "approve"
    assert judge(near, {"from": "bob"}, [], tainted=False).reason == "the tool could not tell whether it needs approval"


def test_a_policy_file_is_read_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("- {tool: ring, decide: approve}\n- {tool: '*', decide: refuse}\n")
    assert [rule.decide for rule in read_policy(path)] == ["approve", "refuse"]
    for text, said in [
        ("- {tool: ring, decide: maybe}", "decide"),
        ("- {tol: ring, decide: approve}", "did you mean 'tool'"),
        ("- {tool: ring, decid: approve}", "did you mean 'decide'"),
        ("tool: ring", "list"),
        ("[", "not valid YAML"),
    ]:
        path.write_text(text)
        with pytest.raises(SettingsError, match=said):
            read_policy(path)
    with pytest.raises(SettingsError, match="Cannot read"):
        read_policy(tmp_path / "none.yaml")
