"""The library that a new installation starts with."""

import json
from pathlib import Path

import pytest

from index.read import SUFFIXES, read

SAMPLES = Path(__file__).parents[3] / "assistant" / "samples"
DOCUMENTS = sorted((SAMPLES / "documents").iterdir())
QUESTIONS = json.loads((SAMPLES / "questions.json").read_text("utf-8"))
ANSWERED = [question for question in QUESTIONS if question["expect"] == "answered"]


def test_samples_are_of_every_kind_and_small() -> None:
    assert {path.suffix for path in DOCUMENTS} <= SUFFIXES
    assert {read(path).kind for path in DOCUMENTS} == {"markdown", "text", "html", "pdf", "docx"}
    assert max(len(read(path).pages) for path in DOCUMENTS) > 1
    assert sum(path.stat().st_size for path in DOCUMENTS) < 1_500_000


def test_every_sample_has_its_source_and_licence() -> None:
    sources = (SAMPLES / "SOURCES.md").read_text("utf-8")
    assert [path.name for path in DOCUMENTS if f"`{path.name}`" not in sources] == []


@pytest.mark.parametrize("question", ANSWERED, ids=lambda question: question["question"])
def test_expected_words_stand_on_the_expected_page(question: dict[str, str]) -> None:
    document = read(SAMPLES / "documents" / question["document"])
    pages = [page.number for page in document.pages if question["phrase"] in page.text]
    assert pages == [question["page"]]


def test_questions_cover_what_the_assistant_does() -> None:
    kinds = [question["expect"] for question in QUESTIONS]
    assert (kinds.count("computed"), kinds.count("declined")) == (1, 2)
    assert {question["document"] for question in ANSWERED} < {path.name for path in DOCUMENTS}
