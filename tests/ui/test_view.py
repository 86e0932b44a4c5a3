import pytest

from assistant.conversations import Turn
from assistant.events import Failed, TextDelta, ToolFinished, ToolProgress, ToolStarted
from tests.ui.answers import ANSWER, CALL
from ui.view import CUT_OFF, ShownTurn, View, from_stored, is_token, new_token, owner_of


def test_a_turn_takes_its_events_in_order():
    turn = ShownTurn("How long?")
    turn.take(ToolStarted("c1", "calculator", {"expression": "1+1"}))
    turn.take(ToolProgress("c1", 0.5, "half way"))
    assert turn.steps[0].progress == "half way 50%"
    turn.take(ToolFinished(CALL))
    turn.take(TextDelta("Provisional"))
    turn.take(TextDelta(" text"))
    assert (turn.text, turn.end) == ("Provisional text", None)
    turn.take(ANSWER)
    assert (turn.text, turn.end, turn.citations) == (ANSWER.text, ANSWER, ANSWER.citations)
    assert [step.call for step in turn.steps] == [CALL]


def test_two_calls_with_one_id_are_two_steps():
    turn = ShownTurn("?")
    for _ in range(2):
        turn.take(ToolStarted("c1", "calculator", {}))
        turn.take(ToolFinished(CALL))
    assert len(turn.steps) == 2


def test_a_stored_answer_is_shown_as_it_was_given():
    turn = from_stored(Turn(1, "How long?", "answered", ANSWER.to_json()))
    assert turn.end.to_json() == ANSWER.to_json()
    assert turn.steps[0].call.result == "2"
    assert turn.citations[0].quote == "three months"


@pytest.mark.parametrize(
    ("state", "result", "message", "shown"),
    [
        ("running", None, CUT_OFF, ""),
        ("failed", {"error": "No server.", "kind": "EngineUnreachable", "shown": "Half"}, "No server.", "Half"),
        ("failed", {"error": "The turn was stopped.", "kind": "Stopped", "shown": ""}, "This answer was stopped.", ""),
    ],
)
def test_a_stored_turn_without_an_answer_says_why(state, result, message, shown):
    turn = from_stored(Turn(1, "?", state, result))
    assert isinstance(turn.end, Failed)
    assert (turn.end.message, turn.text) == (message, shown)


def test_tokens_are_secret_and_owners_do_not_give_them_away():
    token, other = new_token(), new_token()
    assert is_token(token)
    assert owner_of(token) == owner_of(token) != owner_of(other)
    assert token not in owner_of(token)


@pytest.mark.parametrize("token", [None, "", "local", "browser-1", 5, {"a": 1}, "a" * 42, "a" * 42 + "\n"])
def test_no_made_up_token_makes_an_owner(token):
    with pytest.raises(ValueError, match="token"):
        owner_of(token)


def test_a_view_is_emptied_for_another_browser():
    mine, theirs = new_token(), new_token()
    view = View().of(mine)
    view.show("abc", [ShownTurn("secret")])
    assert view.of(mine).turns
    assert (view.of(theirs).turns, view.conversation) == ([], None)


def test_a_view_has_one_token_until_the_browser_has_it():
    view = View()
    token = view.of(None).token
    assert view.of(None).token == view.of(token).token == token
    with pytest.raises(ValueError, match="token"):
        view.of(None)
