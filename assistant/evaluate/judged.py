"""Retrieval sets with judgements in BEIR's layout (Thakur et al., 2021): a corpus, queries, graded judgements."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.evaluate.errors import EvalError
from assistant.evaluate.published import lines

JUDGEMENTS = ("qrels/test.tsv", "qrels/dev.tsv", "qrels.tsv")


@dataclass(frozen=True, slots=True)
class Query:
    """A query with what is relevant to it.

    Attributes:
        id: Names it in every run.
        text: What is asked.
        relevant: Documents by id with their grade, above 0.
    """

    id: str
    text: str
    relevant: dict[str, float]


def is_judged(folder: Path) -> bool:
    """Whether a folder is laid out so."""
    return (folder / "corpus.jsonl").exists() and (folder / "queries.jsonl").exists()


def read(folder: Path) -> tuple[list[dict[str, Any]], list[Query]]:
    """Returns the documents as ``id``, ``title`` and ``text``, and the queries to which something is relevant.

    Raises:
        EvalError: Something is missing or in another layout.
    """
    path = next((folder / name for name in JUDGEMENTS if (folder / name).exists()), None)
    if path is None:
        raise EvalError(f"There are no judgements in {folder}: {JUDGEMENTS[0]} is missing.")
    try:
        corpus = [
            {"id": _id(row), "title": row.get("title", ""), "text": row["text"]}
            for row in lines(folder / "corpus.jsonl")
        ]
        relevant = _judgements(path)
        queries = [
            Query(_id(row), row["text"], relevant[_id(row)])
            for row in lines(folder / "queries.jsonl")
            if _id(row) in relevant
        ]
    except (KeyError, ValueError) as error:
        raise EvalError(
            f"{folder} is not in the layout of BEIR: corpus.jsonl, queries.jsonl and {JUDGEMENTS[0]}."
        ) from error
    return corpus, queries


def _id(row: dict[str, Any]) -> str:
    return str(row["_id"] if "_id" in row else row["id"])


def _judgements(path: Path) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if float(grade) > 0:
            found[query][document] = float(grade)
    return dict(found)
