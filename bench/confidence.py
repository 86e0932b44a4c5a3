"""How sure the built-in engine may be: fits its confidence on questions with and without an answer, and scores it.

    python -m bench.confidence FOLDER

FOLDER holds ``corpus.jsonl`` (``id``, ``title``, ``text``) and ``questions.jsonl`` (``text``, ``title``, ``answers``,
``unanswerable``). Every figure is cross-validated: an article's questions are judged by weights fitted on the others.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from assistant.app import make_embedder
from assistant.engines.builtin.read import Candidate, Reader
from assistant.settings import Settings
from bench.report import describe
from index.library import Library
from index.types import Page, ReadDocument

PASSAGES = 6
FOLDS = 5
BINS = 10


def main() -> None:
    """Prints the weights for ``assistant/engines/builtin/read.py`` and the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", type=int, help="questions to take, drawn with a fixed seed (default: all)")
    options = parser.parse_args()
    folder, questions = options.folder, _lines(options.folder / "questions.jsonl")
    if options.sample:
        questions = random.Random(0).sample(questions, options.sample)
    with tempfile.TemporaryDirectory() as home:
        best = _best_sentences(Path(home), _lines(folder / "corpus.jsonl"), questions)
    right = np.array([_holds(candidate, question) for candidate, question in zip(best, questions, strict=True)])
    answerable = np.array([not question["unanswerable"] for question in questions])
    features = np.array([[candidate.cosine, candidate.coverage] for candidate in best])
    model = LogisticRegression(C=100)
    groups = [question["title"] for question in questions]
    sure = cross_val_predict(model, features, right, groups=groups, cv=GroupKFold(FOLDS), method="predict_proba")[:, 1]
    model.fit(features, right)
    print(describe())
    print(f"{len(questions)} questions, {int(answerable.sum())} answerable; cross-validated by article")
    print(f"shown sentence holds a gold answer, answerable questions: {right[answerable].mean():.3f}")
    print(f"answerable against unanswerable, AUROC of the confidence: {roc_auc_score(answerable, sure):.3f}")
    print(f"right against wrong sentence, AUROC of the confidence:    {roc_auc_score(right, sure):.3f}")
    print(f"expected calibration error: {calibration_error(sure, right):.3f}")
    for limit in (0.1, 0.2, 0.3, 0.4, 0.5):
        given = sure >= limit
        share, hits = given.mean(), right[given].mean()
        print(f"min_confidence {limit}: answers {share:.2f} of all questions, {hits:.2f} of them right")
    weights = ", ".join(f"{value:.2f}" for value in (model.intercept_[0], *model.coef_[0]))
    print(f"INTERCEPT, COSINE, COVERAGE = {weights}")


def calibration_error(sure: Sequence[float], right: Sequence[bool]) -> float:
    """Returns the expected calibration error over ten equal bins (Naeini et al., 2015)."""
    confidence, hit = np.asarray(sure), np.asarray(right, dtype=float)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(hit[bins == b].mean() - confidence[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(sum(gaps))


def _best_sentences(home: Path, corpus: list[Any], questions: list[Any]) -> list[Candidate]:
    embedder = make_embedder(Settings())
    library, reader = Library.open(home, embedder), Reader(embedder)
    library.add_documents((row["id"], ReadDocument(row["title"], "text", (Page(None, row["text"]),))) for row in corpus)
    found = []
    for question in questions:
        hits = library.search(question["text"], PASSAGES)
        passages = [
            {"n": n, "title": h.document.title, "heading": h.passage.heading, "text": h.passage.text, "score": h.score}
            for n, h in enumerate(hits, 1)
        ]
        found.append(reader.read(question["text"], passages)[0])
    library.close()
    return found


def _holds(candidate: Candidate, question: dict[str, Any]) -> bool:
    return any(answer in candidate.sentence for answer in question["answers"]) and not question["unanswerable"]


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


if __name__ == "__main__":
    main()
