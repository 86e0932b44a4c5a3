"""Public sets as they are published."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.evaluate.errors import EvalError
from assistant.evaluate.run import find, run
from assistant.evaluate.suite import Cases
from assistant.settings import Settings
from index.embed import SentenceTransformerEmbedder

PARAGRAPH = "The tower of Arken was built in 1874 by the mason Ines Falk."
QUESTIONS = [
    {
        "id": "q1",
        "question": "Who built it?",
        "answers": [{"text": "Ines Falk", "answer_start": 48}] * 2,
        "is_impossible": False,
    },
    {"id": "q2", "question": "Who tore it down?", "answers": [], "plausible_answers": [], "is_impossible": True},
]
SQUAD = {
    "version": "v2.0",
    "data": [{"title": "Arken_Tower", "paragraphs": [{"context": PARAGRAPH, "qas": QUESTIONS}]}],
}
SOLUTION = "He has 1,000/2=<<1000/2=500>>500 and 1/3=<<1/3=.33>>.33 of it, .5 of it <<500*.5=250>>250\n#### 250"
CASE = {"id": "simple_python_1", "question": [[{"role": "user", "content": "area"}]], "function": [{"name": "area"}]}


@pytest.fixture
def cases(tmp_path: Path, embedder: SentenceTransformerEmbedder) -> Cases:
    return Cases(Settings(), embedder, tmp_path)


def write(path: Path, rows: Sequence[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_squad_is_read_from_its_one_file(cases: Cases, tmp_path: Path) -> None:
    (tmp_path / "dev-v2.0.json").write_text(json.dumps(SQUAD))
    (paragraph,) = cases.every("squad2/corpus.jsonl")
    first, second = cases.every("squad2/questions.jsonl")
    assert (paragraph["title"], paragraph["text"]) == ("Arken Tower", PARAGRAPH)
    assert first["gold_paragraph"] == second["gold_paragraph"] == paragraph["id"]
    assert (first["answers"], first["unanswerable"], second["unanswerable"]) == (["Ines Falk"], False, True)


def test_exact_calculations_are_taken_out_of_gsm8k(cases: Cases, tmp_path: Path) -> None:
    write(tmp_path / "gsm8k" / "test.jsonl", [{"question": "How many?", "answer": SOLUTION}])
    assert [(row["expression"], row["expected"]) for row in cases.every("gsm8k/expressions.jsonl")] == [
        ("1000/2", "500"),
        ("500*.5", "250"),
    ]
    (figure,) = run(find(["calculator"])[0], cases).figures
    assert (figure.value, figure.cases) == (1.0, 2)


def test_function_calls_find_their_accepted_answers(cases: Cases, tmp_path: Path) -> None:
    write(tmp_path / "bfcl" / "BFCL_v4_simple_python.json", [CASE])
    with pytest.raises(EvalError, match="which has the accepted answers"):
        cases.every("bfcl/simple_python.jsonl")
    truth = {"id": "simple_python_1", "ground_truth": [{"area": {"base": [10]}}]}
    write(tmp_path / "bfcl" / "possible_answer" / "BFCL_v4_simple_python.json", [truth])
    assert cases.every("bfcl/simple_python.jsonl") == [CASE | truth]


def test_packed_programs_and_questions_nobody_can_answer_are_read(cases: Cases, tmp_path: Path) -> None:
    problem = {key: key for key in ("task_id", "prompt", "entry_point", "canonical_solution", "test")}
    (tmp_path / "HumanEval.jsonl.gz").write_bytes(gzip.compress(json.dumps(problem).encode()))
    assert cases.every("humaneval/problems.jsonl") == [problem]
    asked = {"question_id": 1, "question": "Why?", "answer": None, "answerable": False, "source": "x"}
    (tmp_path / "SelfAware.json").write_text(json.dumps({"example": [asked]}))
    assert cases.every("selfaware/questions.jsonl") == [{"id": "sa-1", "text": "Why?", "answerable": False}]


def test_retrieval_takes_graded_judgements(cases: Cases, tmp_path: Path) -> None:
    documents = [
        {"_id": "a", "title": "Tower", "text": "The tower of Arken is made of red brick."},
        {"_id": "b", "title": "Bridge", "text": "Forty wagons a day cross the bridge."},
        {"_id": "c", "title": "Harbour", "text": "Ships bring grain and timber."},
    ]
    write(tmp_path / "corpus.jsonl", documents)
    write(tmp_path / "queries.jsonl", [{"_id": "1", "text": "What is the tower made of?"}, {"_id": "2", "text": "?"}])
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t2\n1\tb\t1\n1\tc\t0\n")
    figures = {figure.name: figure for figure in run(find(["retrieval"])[0], cases).figures}
    assert figures["first of all"].cases == 1
    assert figures["first of all"].value == figures["recall@10"].value == 1.0
    assert 0.9 < (figures["nDCG@10"].value or 0) <= 1
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1 a 2\n")
    assert "is not in the layout of BEIR" in run(find(["retrieval"])[0], cases).error


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "nothing",
            "",
            r"There is no .*gsm8k/expressions\.jsonl, nor test\.jsonl of GSM8K there or in its folder gsm8k",
        ),
        ("test.jsonl", '{"question": "a"}', "is not in the layout in which GSM8K is published"),
        ("test.jsonl", "[1]", "each line must be a JSON object"),
        ("test.jsonl", "{}\n{", r"test\.jsonl, line 2: this is no JSON"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(cases: Cases, tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(EvalError, match=said):
        cases.every("gsm8k/expressions.jsonl")
