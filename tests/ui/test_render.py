from dataclasses import replace

from assistant.events import (
    Artifact,
    EngineProgress,
    Failed,
    ReasoningDelta,
    TextDelta,
    ToolFinished,
    ToolProgress,
    ToolStarted,
    Usage,
)
from tests.ui.answers import CALL, answer
from ui.artifacts import load
from ui.figures import figure_html
from ui.language import texts
from ui.render import AGAIN, messages, step_title, turn_messages
from ui.view import STOPPED, ShownTurn, Step

THINKING = '<span class="thinking">Thinking …</span>'


def ended(end, text=""):
    return turn_messages(ShownTurn("How long?", text=text, end=end), 3)


def test_an_answer_links_its_citations_and_says_how_sure_it_is():
    question, said = ended(answer())
    assert question == {"role": "user", "content": "How long?"}
    assert '[1]: #source-3-1 "Handbook, page 4"' in said["content"]
    assert "likely right (0.82) · built-in engine · 1.3 s" in said["content"]
    assert 'class="foot answered likely_right"' in said["content"]
    assert "no source" not in said["content"]


def test_a_declined_question_looks_different():
    said = ended(answer("The library does not say.", citations=(), abstained=True, confidence=0.1))[1]
    assert 'class="foot declined"' in said["content"]
    assert "not found" in said["content"]
    assert "0.10" not in said["content"]


def test_sentences_without_source_are_marked_with_the_reason():
    text = "It is three months [1]. Bikes <i>fly</i> fast."
    unsupported, reasons = ("Bikes <i>fly</i> fast.", "Not <b>there</b>."), ('"7" is not there.', "")
    said = ended(answer(text, unsupported=unsupported, reasons=reasons))[1]["content"]
    assert '<mark class="unsupported" tabindex="0" title="No source was found' in said
    assert 'rely on it. &quot;7&quot; is not there.">Bikes' in said
    assert ">Bikes &lt;i>fly&lt;/i> fast.</mark>" in said
    assert "2 sentences have no source" in said
    assert "No source: Not &lt;b&gt;there&lt;/b&gt;." in said


def test_a_model_cannot_write_marks_of_ours():
    said = ended(answer("\ue000It is\ue001 <mark>so</mark>."))[1]["content"]
    assert "<mark" not in said


def test_a_failure_is_shown_with_what_was_said_and_can_be_asked_again():
    said = ended(Failed("No server <at> 9.", "c", "EngineUnreachable"), "Half an ans")[1]
    assert said["content"].startswith("Half an ans\n\n")
    assert '<div class="note failed" role="alert">No server &lt;at&gt; 9.</div>' in said["content"]
    assert said["options"] == [{"label": "Ask again", "value": AGAIN}]


def test_a_stopped_answer_is_no_failure():
    assert f'<div class="note stopped" role="alert">{STOPPED}' in ended(Failed(STOPPED, "", "Stopped"))[1]["content"]


def test_a_turn_is_shown_while_it_runs():
    turn = ShownTurn("How long?")
    assert turn_messages(turn, 0)[1]["content"] == THINKING
    turn.take(ToolStarted("c1", "calculator", {"expression": "1+1"}))
    turn.take(ToolProgress("c1", None, "thinking hard"))
    [_, step] = turn_messages(turn, 0)
    assert step["metadata"] == {"title": "Calculator: 1+1", "status": "pending", "log": "thinking hard"}
    turn.take(ToolFinished(CALL))
    [_, step, waiting] = turn_messages(turn, 0)
    assert step["metadata"] == {"title": "Calculator: 1+1", "status": "done", "duration": 0.123}
    assert waiting["content"] == THINKING
    turn.take(TextDelta("It <b>is"))
    assert turn_messages(turn, 0)[2]["content"] == "It &lt;b>is"


def test_a_step_shows_arguments_and_result():
    turn = ShownTurn("?", [Step("c1", "calculator", {"expression": "1+1"}, call=CALL)], end=answer())
    body = turn_messages(turn, 0)[1]["content"]
    assert '```json\n{\n  "expression": "1+1"\n}\n```' in body
    assert "**Result**\n\n```\n2\n```" in body


def test_a_failed_step_says_so():
    call = replace(CALL, ok=False, result="division by zero")
    step = turn_messages(ShownTurn("?", [Step("c1", "calculator", {}, call=call)], end=answer()), 0)[1]
    assert step["metadata"]["log"] == "gave an error"
    assert "**Error**\n\n```\ndivision by zero\n```" in step["content"]


def test_a_step_that_was_cut_off_does_not_spin_for_ever():
    turn = ShownTurn("?", [Step("c1", "calculator", {})], end=Failed(STOPPED, "", "Stopped"))
    assert turn_messages(turn, 0)[1]["metadata"]["status"] == "done"


def test_passages_are_quoted_and_cannot_bring_markup():
    rows = [{"n": 2, "title": "<img src=x onerror=alert(1)>", "page": 3, "text": "a <script>\n\n# b", "score": 0.5}]
    call = replace(CALL, result=rows)
    body = turn_messages(ShownTurn("?", [Step("c1", "search_documents", {}, call=call)], end=answer()), 0)[1]["content"]
    assert "<img" not in body
    assert "<script" not in body
    assert "> a &#60;script&#62; &#35; b" in body
    assert "score 0.5**" in body


def test_a_passage_says_why_it_came():
    rows = [{"n": 1, "title": "T", "text": "a", "score": 1.5, "meaning": 0.4, "words": 1.0, "second_look": 0.6}]
    call = replace(CALL, result=rows)
    body = turn_messages(ShownTurn("?", [Step("c1", "search_documents", {}, call=call)], end=answer()), 0)[1]["content"]
    assert "score 1.5 from meaning 0.4, words 1.0, second look 0.6" in body


def test_a_title_is_short_and_of_one_line():
    assert (
        step_title(Step("c", "search_documents", {"query": "a\n" * 100}), texts()) == f"Search documents: {'a ' * 29}a…"
    )
    assert step_title(Step("c", "now", {}), texts()) == "Now"


def test_what_cannot_be_seen_in_the_arguments_is_shown_as_its_code():
    step = Step("c", "ring", {"bell": "door\u202e\u200bgpj.exe"})
    assert step_title(step, texts()) == "Ring: doorU+202EU+200Bgpj.exe"
    shown = turn_messages(ShownTurn("?", [step], end=answer()), 0)[1]
    assert "\u202e" not in str(shown["metadata"]["title"])
    assert r"door\u202e\u200bgpj.exe" in shown["content"]


def test_a_huge_question_is_shown_in_part():
    shown = turn_messages(ShownTurn("x" * 1_000_000), 0)[0]["content"]
    assert len(shown) < 5_000
    assert "996,000 more characters" in shown


def test_files_stand_behind_the_answer(tmp_path):
    (tmp_path / "<plot>.png").write_bytes(b"png")
    (tmp_path / "t.csv").write_text("name,n\nbolt,<3>\n", encoding="utf-8")
    made = [Artifact(str(tmp_path / "<plot>.png"), "image/png"), Artifact(str(tmp_path / "t.csv"), "text/csv")]
    turn = ShownTurn("q", end=answer(), artifacts=tuple(load(each, tmp_path) for each in made))
    picture, table = (part["value"] for part in turn_messages(turn, 0)[-1]["content"])
    assert "&lt;plot&gt;.png" in picture
    assert "<img" in picture
    assert "<td>&lt;3&gt;</td>" in table
    assert "1 row" in table
    assert "Download" in table


def test_a_file_that_lies_elsewhere_is_not_shown(tmp_path):
    (tmp_path / "secret.png").write_bytes(b"png")
    shown = load(Artifact(str(tmp_path / "secret.png"), "image/png"), tmp_path / "mine")
    assert "outside" in figure_html(shown)
    assert "<img" not in figure_html(shown)
    gone = load(Artifact(str(tmp_path / "gone.png"), "image/png"), tmp_path)
    assert "not there any more" in figure_html(gone)


def test_what_could_run_scripts_is_only_downloaded(tmp_path):
    (tmp_path / "page.svg").write_text("<svg onload='alert(1)'/>", encoding="utf-8")
    html = figure_html(load(Artifact(str(tmp_path / "page.svg"), "image/svg+xml"), tmp_path))
    assert "<img" not in html
    assert "Download" in html


def test_turns_are_numbered_through_the_conversation():
    all_of_them = messages([ShownTurn("a", end=answer()), ShownTurn("b", end=answer())])
    assert "#source-0-1" in all_of_them[1]["content"]
    assert "#source-1-1" in all_of_them[3]["content"]


def test_thoughts_are_folded_before_everything_else():
    turn = ShownTurn("How long?")
    for event in (ReasoningDelta("Look it <b>up</b>."), ToolStarted("c1", "calculator", {})):
        turn.take(event)
    _, thoughts, step = turn_messages(turn, 0)
    assert thoughts["metadata"] == {"title": "Reasoning", "status": "done"}
    assert thoughts["content"] == "Look it &lt;b>up&lt;/b>."
    assert step["metadata"]["status"] == "pending"
    turn.take(answer(reasoning="All of it."))
    assert turn_messages(turn, 0)[1]["content"] == "All of it."


def test_an_answer_says_what_it_took_and_what_is_to_be_known_of_it():
    usage = Usage(2, 1200, 34, 900, None, 0.25, 41.5)
    said = ended(answer(usage=usage, notes=("The model cannot <see>.",)))[1]["content"]
    assert "1,200 tokens in, 34 out · 75% from the cache · first after 0.25 s · 41.5 tokens/s" in said
    assert "The model cannot &lt;see&gt;." in said
    assert "tokens" not in ended(answer(usage=Usage(1)))[1]["content"]


def test_a_turn_that_waits_for_its_model_says_how_far_that_is():
    turn = ShownTurn("How long?")
    turn.take(EngineProgress(0.5, "loading <the> weights"))
    said = turn_messages(turn, 0)[-1]["content"]
    assert said == '<span class="thinking">The model is being loaded: loading &lt;the&gt; weights 50%</span>'
    turn.take(TextDelta("Three"))
    assert turn_messages(turn, 0)[-1]["content"] == "Three"
