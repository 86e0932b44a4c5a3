"""How the built-in engine takes questions apart, reads, weighs and says how sure it is."""

import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from assistant.doctor import examine
from assistant.engines.builtin import calibration as calibrating
from assistant.engines.builtin import unknowable as unknowing
from assistant.engines.builtin.answer import Found, from_library
from assistant.engines.builtin.asking import wanted
from assistant.engines.builtin.calibration import calibration, probability
from assistant.engines.builtin.clues import LEXICAL, READ, asked, kind_fits, lexical, rarity
from assistant.engines.builtin.clues import Place as Stands
from assistant.engines.builtin.followup import standalone
from assistant.engines.builtin.read import Reader
from assistant.engines.builtin.span_reader import ABOUT, FOLDER, WEIGHTS, SpanReader
from assistant.engines.builtin.spans import best_span
from assistant.events import Answer
from assistant.session import Assistant
from assistant.settings import Settings
from index.embed import SentenceTransformerEmbedder

LIGHTHOUSE = [("When was the lighthouse of Arken built?", "“The lighthouse was built in 1874 by **Clara Holm**.” [1]")]
FRANCE = [("What is the capital of France?", "“**Paris** is the capital.” [1]")]
NOTICE = [("How long is the notice period?", "“It is **three months**.” [1]")]
PASSAGES = [
    {
        "n": 1,
        "title": "Staff handbook",
        "heading": "Notice",
        "text": "The notice period is three months after the trial period. During the trial period it is two weeks.",
        "score": 1.2,
    },
    {
        "n": 2,
        "title": "The lighthouse of Arken",
        "heading": "",
        "text": "The lighthouse was built in 1874 by Clara Holm. Its lamp can be seen from 19 nautical miles away.",
        "score": 0.4,
    },
]


async def ask(assistant: Assistant, question: str, conversation: str | None = None) -> Answer:
    end = await assistant.ask(question, conversation)
    assert isinstance(end, Answer), end
    return end


@pytest.mark.parametrize(
    ("question", "earlier", "alone"),
    [
        ("And who built it?", LIGHTHOUSE, "who built the lighthouse of Arken?"),
        ("When was she born?", LIGHTHOUSE, "When was Clara Holm born?"),
        ("What about the pier?", LIGHTHOUSE, "When was the pier built?"),
        ("and its height?", LIGHTHOUSE, "What is the lighthouse of Arken's height?"),
        ("And its population?", FRANCE, "What is France's population?"),
        ("and of Germany?", FRANCE, "What is the capital of Germany?"),
        ("What about Germany?", FRANCE, "What is the capital of Germany?"),
        ("And during the trial period?", NOTICE, "How long is the notice period during the trial period?"),
        ("Is it paid?", NOTICE, "Is the notice period paid?"),
        ("Who was King Louis?", LIGHTHOUSE, "Who was King Louis?"),
        ("How many days of leave are there?", NOTICE, "How many days of leave are there?"),
        ("thanks", LIGHTHOUSE, "thanks"),
        ("Who?", LIGHTHOUSE, "Who was the lighthouse of Arken built?"),
        ("and a dog?", [("May I keep a cat in the flat?", "")], "May I keep a dog in the flat?"),
        ("and a blue one?", [("draw a red circle", "")], "draw a blue circle"),
        ("What about a square?", [("draw a red circle in the box", "")], "draw a square in the box"),
        ("And when does it end?", [("How long does the lease run?", "")], "when does the lease end?"),
        ("And its population?", [], "And its population?"),
        ("@roll_dice it", NOTICE, "@roll_dice it"),
    ],
)
def test_a_question_that_leans_on_the_conversation_is_made_to_stand_alone(
    question: str, earlier: list[tuple[str, str]], alone: str
) -> None:
    assert standalone(question, earlier) == alone


def test_a_chain_of_follow_ups_keeps_its_subject() -> None:
    earlier = [*FRANCE, ("What about Germany?", "“**Berlin**” [2]")]
    assert standalone("And its population?", earlier) == "What is Germany's population?"


@pytest.mark.parametrize(
    ("question", "kind", "questions"),
    [
        ("How long is the notice period?", "answer", ("How long is the notice period?",)),
        ("Please summarise the handbook.", "summary", ("the handbook",)),
        ("What is the cottage guide about?", "summary", ("the cottage guide",)),
        ("Who built it and when was the pier built?", "answer", ("Who built it", "when was the pier built?")),
        ("What is the difference between leave and notice?", "answer", ("leave", "notice")),
        ("What does each document say about leave?", "each", ("leave?",)),
        ("According to each document, when does it end?", "each", ("when does it end?",)),
        ("How long is the term according to both contracts?", "each", ("How long is the term?",)),
        ("How long do both contracts run?", "each", ("How long do both contracts run?",)),
        ("Compare tin and iron regarding the uses", "answer", ("the uses of tin", "the uses of iron")),
        ("What are the uses of iron and of tin?", "list", ("What are the uses of iron", "What are the uses of tin")),
        ("Who lived in Rome and when?", "answer", ("Who lived in Rome and when?",)),
        ("Sum up the lease in three sentences.", "summary", ("the lease",)),
        ("List the parts of an engine", "list", ("List the parts of an engine",)),
    ],
)  # fmt: skip
def test_what_a_question_wants_is_told_by_its_form(question: str, kind: str, questions: tuple[str, ...]) -> None:
    found = wanted(question)
    assert (found.kind, found.questions) == (kind, questions)


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("Sum up the lease in three sentences", 3),
        ("Outline the lease in 4 bullet points", 4),
        ("Sum up the lease", None),
    ],
)
def test_a_summary_has_the_length_that_is_asked_for(question: str, count: int | None) -> None:
    assert wanted(question).count == count


def test_the_best_span_is_short_in_order_and_allowed() -> None:
    start, end = np.array([9.0, 1, 5, 0]), np.array([9.0, 4, 0, 3])
    allowed = np.array([False, True, True, True])
    found = best_span(start, end, allowed)
    assert found is not None
    assert (found.start, found.end, found.score) == (2, 3, 8.0)
    assert best_span(start, end, np.zeros(4, bool)) is None


def test_each_kind_of_deceiving_sentence_has_its_clue() -> None:
    question = asked("Did the most northern tower in Arken have 12 floors before 1900?")
    text = "The most southern tower has 9 floors."
    place = Stands(text, "Harbour", text, 0.5, (0.1, 0.2, 0.3, 0.8), 1, 0)
    clues = dict(zip(LEXICAL, lexical(question, place, rarity(question, [place.sentence])), strict=True))
    assert (clues["names_missing"], clues["numbers_missing"], clues["opposite"]) == (1, 1, 1)
    assert (clues["weakest"], clues["weak"]) == (0.1, pytest.approx(0.2))
    assert kind_fits("When was it built?", "It was built in 1874.") == 1
    assert kind_fits("When was it built?", "It was built by Clara Holm.") == -1
    assert kind_fits("Who built it?", "it was built of stone") == -1
    assert kind_fits("Why was it built?", "it was built of stone") == 0


@pytest.mark.parametrize("read", [True, False])
def test_there_is_a_weight_for_each_clue(read: bool) -> None:
    clues = len(LEXICAL) + (len(READ) if read else 0)
    found = calibration(read=read)
    assert (len(found.rank.weights), len(found.sure.weights)) == (clues, clues + 2)
    assert probability(0) == 0.5
    assert 0 < probability(-1e9) < probability(1e9) < 1


def test_without_the_network_sentences_are_compared(embedder: SentenceTransformerEmbedder) -> None:
    best = Reader(embedder).read("How long is the notice period?", PASSAGES)[0]
    assert (best.n, best.span, best.answer) == (1, None, "")
    assert best.sentence.startswith("The notice period is three months")


@pytest.mark.parametrize("numbers", [None, "{", "[]", '{"read": {}, "found": {}}'])
def test_without_its_numbers_the_reader_names_them_and_shows_passages(
    numbers: str | None,
    embedder: SentenceTransformerEmbedder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "numbers.json"
    if numbers is not None:
        file.write_text(numbers)
    for module in (calibrating, unknowing):
        monkeypatch.setattr(module, "FILE", file)
    calibration.cache_clear()
    unknowing.probe.cache_clear()
    unknowing._usable.cache_clear()
    reader = Reader(embedder)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            found = [Found("How long is the notice period?", PASSAGES)]
            reply = from_library(wanted("How long is the notice period?"), found, reader, 0.2)
            assert not reader.is_unknowable("What is the meaning of life?")
    unknowing.probe.cache_clear()
    unknowing._usable.cache_clear()
    assert reply.abstained
    assert reply.text.startswith(f"The numbers that tell an answer, {file}, cannot be used")
    assert "The closest passages:" in reply.text
    assert len(caplog.messages) == 2


@pytest.mark.parametrize("damage", ["missing", "cut", "changed", "other"])
def test_a_checkpoint_that_cannot_be_used_is_named_once_and_reading_goes_on(
    damage: str, embedder: SentenceTransformerEmbedder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    if damage != "missing":
        (folder / ABOUT).write_text(json.dumps({"sha256": "0" * 64}))
        (folder / WEIGHTS).write_bytes({"cut": b"", "changed": b"x" * 100, "other": b"{}"}[damage])
    reader = Reader(embedder, SpanReader(folder))
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert reader.read("How long is the notice period?", PASSAGES)[0].n == 1
    assert len(caplog.messages) == 1
    assert str(folder / WEIGHTS) in caplog.messages[0]


async def test_several_questions_are_answered_one_by_one(builtin: Assistant) -> None:
    end = await ask(builtin, "How long is the notice period and who built the lighthouse?")
    assert [call.name for call in end.tool_calls] == ["search_documents"] * 2
    assert "three months" in end.text.replace("**", "")
    assert "Clara Holm" in end.text.replace("**", "")
    assert {citation.title for citation in end.citations} == {"Staff handbook", "The lighthouse of Arken"}
    assert end.unsupported == ()


async def test_a_follow_up_is_answered_from_what_it_points_at(builtin: Assistant) -> None:
    first = await ask(builtin, "When was the lighthouse of Arken built?")
    second = await ask(builtin, "And who built it?", first.conversation)
    assert "Clara Holm" in second.text.replace("**", "")
    assert second.tool_calls[0].arguments["query"] == "who built the lighthouse of Arken?"


async def test_a_summary_quotes_different_sentences(builtin: Assistant) -> None:
    end = await ask(builtin, "Summarise the staff handbook")
    quotes = [line for line in end.text.splitlines() if line.startswith("- “")]
    assert len(quotes) >= 3
    assert len(set(quotes)) == len(quotes)
    assert {citation.title for citation in end.citations} == {"Staff handbook"}
    assert end.unsupported == ()


async def test_each_document_is_asked_by_itself(builtin: Assistant) -> None:
    end = await ask(builtin, "What does each document say about the year in which things were built?")
    assert [call.name for call in end.tool_calls] == ["search_documents"]
    assert end.unsupported == ()


async def test_the_doctor_looks_at_the_checkpoint(settings: Settings) -> None:
    findings = {finding.name: finding for finding in await examine(settings)}
    assert findings["reader"].state == ("ok" if (FOLDER / WEIGHTS).exists() else "missing")


def test_a_copy_of_the_checkpoint_with_a_changed_byte_is_refused(tmp_path: Path) -> None:
    if not (FOLDER / WEIGHTS).exists():
        pytest.skip("no checkpoint")
    folder = shutil.copytree(FOLDER, tmp_path / "reader")
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (folder / WEIGHTS).write_bytes(content)
    assert "damaged" in str(SpanReader(Path(folder)).problem)
    assert SpanReader().problem is None
