"""Questions made from one's own library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from langchain_core.language_models.fake_chat_models import FakeListChatModel

from assistant.cli import cli
from assistant.evaluate.questions import cloze, questions
from assistant.evaluate.suites.mine import writer
from index.embed import SentenceTransformerEmbedder
from index.library import Library
from index.types import Passage

TOWER = "The tower of Arken is old. It was built of red brick by the mason Ines Falk in 1874. It stands."


def passage(text: str, heading: str = "The tower") -> Passage:
    return Passage(1, 1, None, 0, len(text), heading, text)


def test_a_sentence_becomes_a_question_by_what_is_left_out() -> None:
    assert cloze(passage(TOWER), "Arken") == (
        "The tower: It was built of red brick by the mason Ines Falk in …?",
        "1874",
    )
    assert cloze(passage("It stands. It is old and it is red."), "Arken") is None


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        # The heading or the rest of the sentence would give the answer away.
        ("The tower of Arken was named after the old town of Arken.", None),
        (
            "In 1874 and again in 1874 the mason Ines Falk built this.",
            ("The tower: In 1874 and again in 1874 the mason … built this?", "Ines Falk"),
        ),
        # A digit alone would be found in any text.
        (
            "A visit to the tower takes 3 hours with the guide.",
            ("The tower: A visit to the tower takes … with the guide?", "3 hours"),
        ),
        # What needs the sentence before it comes last.
        (
            "It was sold for 900 crowns to the city. The new owner took 40 years to pay.",
            ("The tower: The new owner took … years to pay?", "40"),
        ),
    ],
)
def test_a_question_says_enough_and_not_its_answer(text: str, pair: tuple[str, str] | None) -> None:
    assert cloze(passage(text), "Arken") == pair


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ('```json\n{"question": "Who built it?", "answer": "Ines Falk"}\n```', ("Who built it?", "Ines Falk")),
        ('{"question": "Who built it?", "answer": "Somebody Else"}', None),
        ('{"question": "Did Ines Falk build it?", "answer": "Ines Falk"}', None),
        ('{"question": "Who built it?"}', None),
        ("I cannot do that.", None),
        ('{"question": ', None),
    ],
)
async def test_a_models_question_counts_if_the_passage_holds_its_answer(
    reply: str, expected: tuple[str, str] | None
) -> None:
    assert await writer(FakeListChatModel(responses=[reply]))(passage(TOWER), "Arken") == expected


def test_the_same_questions_are_asked_again_while_they_hold(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "tower.md").write_text(f"# The tower\n\n{TOWER}\n")
    (documents / "bridge.md").write_text("# The bridge\n\nThe old bridge of Arken carries 40 wagons a day.\n")
    home = ["--home", str(tmp_path / "home")]
    assert CliRunner().invoke(cli, ["index", "add", str(documents), *home]).exit_code == 0
    first = CliRunner().invoke(cli, ["eval", "mine", "--limit", "5", "--json", *home])
    (report,) = json.loads(first.stdout)
    figures = {figure["name"]: figure for figure in report["figures"]}
    assert figures["answers whose quotes are found word for word"]["held"]
    kept = tmp_path / "home" / "evaluations" / "questions-default.jsonl"
    asked = kept.read_text().splitlines()
    assert len(asked) == 2
    (documents / "bridge.md").write_text("# The bridge\n\nIt was taken down.\n")
    assert CliRunner().invoke(cli, ["index", "add", str(documents), *home]).exit_code == 0
    second = CliRunner().invoke(cli, ["eval", "mine", "--limit", "5", "--against", "last", *home])
    assert "Compared with" in second.output
    assert kept.read_text().splitlines() == [line for line in asked if "tower" in line]


@pytest.fixture
def library(tmp_path: Path, embedder: SentenceTransformerEmbedder) -> Iterator[Library]:
    """Three documents, of which many questions can be made."""
    library = Library.open(tmp_path / "library", embedder)
    for place in ("Arken", "Bolm", "Cray"):
        said = f"The council of {place} spent {{0}}{{0}}0 crowns on the harbour."
        text = "\n\n".join(f"# Part {part}\n\n{said.format(part)}" for part in range(1, 5))
        (tmp_path / f"{place}.md").write_text(text)
        library.add([tmp_path / f"{place}.md"])
    yield library
    library.close()


async def test_fewer_questions_are_chosen_among_those_that_are_kept(library: Library, tmp_path: Path) -> None:
    kept = tmp_path / "questions.jsonl"
    first = await questions(library, kept, 4, None)
    whole = kept.read_text()
    assert await questions(library, kept, 2, None) == first[:2]
    assert kept.read_text() == whole
    more = await questions(library, kept, 7, None)
    assert len(more) == 7 and more[:4] == first


async def test_a_few_questions_cover_many_documents(library: Library, tmp_path: Path) -> None:
    some = await questions(library, tmp_path / "questions.jsonl", 3, None)
    assert len({one.document for one in some}) == 3
    assert len(await questions(library, tmp_path / "questions.jsonl", 40, None)) == 12


def test_an_empty_library_has_nothing_to_ask_about(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["eval", "mine", "--home", str(tmp_path)])
    assert done.exit_code == 1
    assert "mine could not be measured: " in done.stderr
    assert "add documents with `assistant index add`" in done.stderr
