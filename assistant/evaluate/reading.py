"""A library of a set's paragraphs, and its questions put to the built-in engine's reader."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant.engines.builtin.read import Candidate
from assistant.engines.builtin.span_reader import ABOUT, FOLDER
from index.embed import Embedder
from index.library import Library
from index.rerank import make_reranker
from index.types import Page, ReadDocument


@contextmanager
def library_of(
    rows: Iterable[Mapping[str, Any]], home: Path, embedder: Embedder, reranker: str | None
) -> Iterator[Library]:
    """Opens a library in which each paragraph is a document.

    Args:
        rows: ``id``, ``title`` and ``text`` of each paragraph.
        home: Where it lies; what is there already is not added again.
        embedder: Makes the vectors.
        reranker: As ``library.reranker`` in the settings.
    """
    home.mkdir(parents=True, exist_ok=True)
    library = Library.open(home, embedder, make_reranker(reranker, embedder))
    try:
        library.add_documents(
            (row["id"], ReadDocument(row["title"], "text", (Page(None, row["text"]),))) for row in rows
        )
        yield library
    finally:
        library.close()


def passages_for(library: Library, question: str, count: int) -> list[dict[str, Any]]:
    """Returns what ``search_documents`` would."""
    return [
        {
            "n": n,
            "title": hit.document.title,
            "heading": hit.passage.heading,
            "text": hit.passage.text,
            "score": round(hit.score, 3),
        }
        for n, hit in enumerate(library.search(question, count), 1)
    ]


def learned_from(folder: Path = FOLDER) -> frozenset[str]:
    """Returns the articles that a checkpoint of the reader was trained on."""
    about = folder / ABOUT
    return frozenset(json.loads(about.read_text(encoding="utf-8"))["articles"]) if about.exists() else frozenset()


def holds(candidate: Candidate, answers: Sequence[str]) -> bool:
    """Whether a sentence holds a gold answer as it is written."""
    return any(answer in candidate.sentence for answer in answers)
