from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest

from assistant.conversations import Conversation
from assistant.engine_info import EngineInfo
from assistant.engines.vllm.state import Progress, State
from assistant.events import Scores
from assistant.loader import builtin_folder
from assistant.toolbox import load_tools
from tests.ui.answers import CITATION, answer
from ui.evidence import panel_html
from ui.examples import KNOWN, example_messages, examples, tool_examples
from ui.header import header_html
from ui.history import list_html
from ui.language import texts
from ui.source import MOST, Around, Piece, Source
from ui.view import ShownTurn

EN = texts()
HOSTILE = "<img src=x onerror=alert(1)>"


def turn(**changes):
    return ShownTurn("How long?", end=answer(citations=(replace(CITATION, **changes),)))


def test_the_panel_lists_number_title_page_and_quote():
    html = panel_html(turn(), 2, EN)
    assert '<span class="chip">1</span><span class="title">Handbook</span><span class="page">page 4</span>' in html
    assert 'data-turn="2" data-n="1" aria-expanded="false"' in html
    assert "<blockquote>three months</blockquote>" in html


def test_an_opened_quote_is_marked_in_its_page():
    pieces = ("beside", "## Before\n"), ("cited", "It is "), ("quote", "three months"), ("cited", " & so")
    html = panel_html(turn(), 0, EN, Source(1, tuple(Piece(*each) for each in pieces)))
    assert '<span class="beside"><b>Before</b>\n</span>It is <mark>three months</mark> &amp; so</div>' in html
    assert 'aria-expanded="true"' in html
    assert "more" not in html


def test_more_can_be_shown_on_either_side_of_a_quote():
    html = panel_html(turn(), 2, EN, Source(1, (), around=Around(1, 4), earlier=True, later=True))
    assert 'data-turn="2" data-n="1" data-before="4" data-after="4">Earlier' in html
    assert 'data-turn="2" data-n="1" data-before="1" data-after="7">Later' in html
    assert Around.read("9", -1) == Around.read(True, None) == Around()
    assert Around.read(10_000, 2) == Around(MOST, 2)


def test_a_source_says_why_it_came():
    html = panel_html(turn(scores=Scores(1.234, 0.5, -0.1, 0.75)), 0, EN, Source(1))
    assert "a score of <b>1.234</b>" in html
    assert [label in html for label in ("Meaning", "Words", "Second look", "Its like", "Looks")] == [True] * 3 + [
        False
    ] * 2
    assert "width:75%" in html
    assert "width:0%" in html
    assert "came along with" in panel_html(turn(), 0, EN, Source(1))


def test_a_source_that_is_gone_says_so():
    assert '<p class="problem">It is gone.</p>' in panel_html(turn(), 0, EN, Source(1, problem="It is gone."))


def test_an_answer_without_sources_says_so():
    assert "This answer cites no document." in panel_html(ShownTurn("?", end=answer(citations=())), 0, EN)


def test_documents_bring_no_markup_into_the_panel():
    html = panel_html(
        turn(title=HOSTILE, quote=HOSTILE, document=HOSTILE),
        0,
        EN,
        Source(1, tuple(Piece(kind, HOSTILE) for kind in ("page", "beside", "cited", "quote")), HOSTILE),
    )
    assert "<img" not in html


def test_conversations_are_grouped_by_day():
    days = ("2026-11-23T10:00:00.000+00:00", "2026-11-22T10:00:00.000+00:00", "2026-10-01T10:00:00.000+00:00")
    rows = [Conversation(str(n), f"Title {n} {HOSTILE}", when, when) for n, when in enumerate(days)]
    html = list_html(rows, "1", today=date(2026, 11, 23))
    assert [html.index(word) for word in ("Today", "Title 0", "Yesterday", "Title 1", "Earlier", "Title 2")] == sorted(
        html.index(word) for word in ("Today", "Title 0", "Yesterday", "Title 1", "Earlier", "Title 2")
    )
    assert html.count('aria-current="true"') == 1
    assert "<img" not in html


def test_the_header_says_who_answers_and_what_is_broken():
    html = header_html(EngineInfo("built-in <engine>", "Start a server."), {"/x.py": f"/x.py: {HOSTILE}"})
    assert "built-in &lt;engine&gt;" in html
    assert "Start a server." in html
    assert "1 tool file could not be loaded" in html
    assert "<img" not in html


@pytest.mark.parametrize("content", [None, "not JSON"])
def test_without_sample_questions_there_are_no_examples(tmp_path, content):
    path = tmp_path / "questions.json"
    if content:
        path.write_text(content)
    assert example_messages(path) == []


def test_the_examples_show_one_tool_of_each_kind_that_is_installed():
    def tool(*examples):
        return SimpleNamespace(options=SimpleNamespace(examples=examples))

    tools = {"robot_stop": tool(), "robot_look": tool("what is there?", "and now?"), "dice": tool("roll two dice")}
    assert [each["text"] for each in tool_examples(tools)] == ["What is there?"]
    assert tool_examples({}) == []


def test_examples_are_shown_in_the_language_of_the_page_and_asked_as_the_engine_understands():
    shown = examples({}, texts("de"), english=True)
    assert (shown[1]["text"], shown[1]["display_text"]) == (
        "What is 12.5 % of 2,480, minus 17?",
        "Was sind 12,5 % von 2.480, minus 17?",
    )
    assert all(each["text"] == each["display_text"] for each in examples({}, texts("de"), english=False))
    assert not [each for each in examples({}, texts("de"), english=True) if each["text"] == each["display_text"]]


def test_the_known_examples_are_those_of_the_samples_and_of_the_tools_that_ship():
    shipped = [each["text"] for each in examples(load_tools([builtin_folder()]).tools, texts(), english=True)]
    assert set(shipped) <= {texts()(f"examples.{name}") for name in KNOWN}


def test_the_header_says_how_far_a_model_is_and_why_it_does_not_run():
    def header(phase, words):
        state = State(phase, Progress(words, 0.5 if phase == "loading" else None))
        return header_html(EngineInfo("tiny on vLLM", "", SimpleNamespace(state=state)), {})

    assert "tiny on vLLM</b> is being loaded: loading the weights 50%" in header("loading", "loading the weights")
    assert "No <b>&lt;model&gt;" not in header("failed", "No <model>.")
    assert "does not run" in header("failed", "No <model>.")
    assert "<p>No &lt;model&gt;.</p>" in header("failed", "No <model>.")
    assert "loaded" not in header("ready", "ready")
