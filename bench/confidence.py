"""How well the built-in engine reads and how sure it may be: fits its weights and scores them.

    python -m bench.confidence FOLDER --home WORK [--reader ONE --reader OTHER] [--write] [--curve FILE.svg]

FOLDER holds ``corpus.jsonl`` (``id``, ``title``, ``text``) and ``questions.jsonl`` (``text``, ``title``, ``answers``,
``unanswerable``). Only questions of articles that the reader has not learned from are asked; all paragraphs are
indexed. With two checkpoints, each of one half of the articles (``training.reader --half``), every question is asked of
the one that has not learned from its article. Every figure is cross-validated: an article's questions are judged by
weights fitted on the others.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from assistant.app import make_embedder
from assistant.engines.builtin.calibration import FILE
from assistant.engines.builtin.clues import LEXICAL, READ
from assistant.engines.builtin.read import Reader
from assistant.engines.builtin.span_reader import FOLDER, SpanReader
from assistant.evaluate.measures import auroc, calibration_error, risk_coverage, span_f1
from assistant.evaluate.reading import holds, learned_from, library_of, passages_for
from assistant.settings import Settings
from bench.remember import Remembering
from bench.report import describe
from index.library import Library

PASSAGES = 6
FOLDS = 5
# The clues that count, with the reader's and without; the others have no weight.
RANKED, RANKED_UNREAD = ("matched", "retrieved", "answerable"), ("matched", "retrieved", "coverage")
WEIGHED, WEIGHED_UNREAD = ("weak", "retrieved", "answerable"), ("weak", "retrieved", "matched")
# What only speaks against an answer: how Know What You Don't Know (see clues.py) says that such questions are made.
AGAINST = ("names_missing", "numbers_missing", "opposite", "denial")
STRENGTH, LEAST_SPREAD = 1.0, 1e-3


@dataclass(frozen=True, slots=True)
class Case:
    """A question with what was found.

    Attributes:
        article: Its article.
        answerable: Whether the library holds the answer.
        clues: Of each candidate, shape (candidates, clues).
        holds: Whether each holds a gold answer, shape (candidates,).
        overlap: F1 of each one's span with the nearest gold answer, shape (candidates,).
    """

    article: str
    answerable: bool
    clues: NDArray[np.float64]
    holds: NDArray[np.bool_]
    overlap: NDArray[np.float64]

    def row(self) -> dict[str, Any]:
        """Returns it for a file."""
        values = asdict(self)
        return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in values.items()}

    @classmethod
    def of(cls, row: dict[str, Any]) -> Case:
        """Reads it from a file."""
        arrays = {
            key: np.array(row[key], kind) for key, kind in (("clues", float), ("holds", bool), ("overlap", float))
        }
        return cls(row["article"], row["answerable"], **arrays)


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum of clues.

    Attributes:
        intercept: Added to it.
        weights: Shape (clues,).
    """

    intercept: float
    weights: NDArray[np.float64]

    def logit(self, clues: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the sum for each row, shape (n,)."""
        found: NDArray[np.float64] = clues @ self.weights + self.intercept
        return found

    def numbers(self) -> dict[str, Any]:
        """Returns it as it is written."""
        return {"intercept": round(self.intercept, 4), "weights": [round(float(weight), 4) for weight in self.weights]}


def main() -> None:
    """Prints the figures; writes the weights or draws the curve where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", type=Path, required=True, help="keeps the library, so that it is made once")
    parser.add_argument(
        "--reader", type=Path, action="append", help="a checkpoint, or one of each half (default: the one that ships)"
    )
    parser.add_argument("--cases", type=Path, help="keeps what was found, so that fitting again takes seconds")
    parser.add_argument("--sample", type=int, help="questions to take, drawn with a fixed seed (default: all)")
    parser.add_argument("--write", action="store_true", help=f"write {FILE.name}")
    parser.add_argument("--curve", type=Path, help="draw risk against coverage")
    options = parser.parse_args()
    readers = options.reader or [FOLDER]
    reads = all(SpanReader(reader).problem is None for reader in readers)
    if options.cases and options.cases.exists():
        cases = [Case.of(row) for row in _lines(options.cases)]
    else:
        cases = [case for reader in readers for case in ask(options.folder, options.home, reader, options.sample)]
    if options.cases:
        options.cases.write_text("".join(json.dumps(case.row()) + "\n" for case in cases), encoding="utf-8")
    compared = [_without_reading(case) for case in cases]
    print(describe(), f"{len(cases)} questions of articles not learned from; cross-validated by article", sep="\n")
    for name, these in {"read": cases if reads else [], "found": compared}.items():
        if these:
            print(f"\n{'with the reader' if name == 'read' else 'compared only, without the reader'}")
            sure, best = cross_validated(these)
            report(these, sure, best)
            if options.curve and name == ("read" if reads else "found"):
                draw(these, sure, best, options.curve)
    if options.write:
        write({"read": cases if reads else None, "found": compared})


def ask(folder: Path, home: Path, checkpoint: Path, sample: int | None) -> list[Case]:
    """Searches and reads for every question of the articles that a checkpoint has not learned from."""
    network = SpanReader(checkpoint)
    reads = network.problem is None
    learned = learned_from(checkpoint) if reads else frozenset()
    questions = [question for question in _lines(folder / "questions.jsonl") if question["title"] not in learned]
    if sample:
        questions = random.Random(0).sample(questions, min(sample, len(questions)))
    embedder = Remembering(make_embedder(Settings()))
    reader = Reader(embedder, network if reads else None)
    with library_of(_lines(folder / "corpus.jsonl"), home, embedder, None) as library:
        found = [_case(question, library, reader) for question in _counted(questions)]
    return [case for case in found if len(case.clues)]


def _counted(questions: Sequence[Any]) -> Iterator[Any]:
    for number, question in enumerate(questions, 1):
        yield question
        if number % 100 == 0:
            print(f"{number} of {len(questions)} questions", flush=True)


def _case(question: dict[str, Any], library: Library, reader: Reader) -> Case:
    candidates = reader.read(question["text"], passages_for(library, question["text"], PASSAGES))
    answers = [] if question["unanswerable"] else question["answers"]
    return Case(
        question["title"],
        not question["unanswerable"],
        np.array([candidate.clues for candidate in candidates], np.float64),
        np.array([holds(candidate, answers) for candidate in candidates]),
        np.array([span_f1(candidate.answer, answers) for candidate in candidates]),
    )


def cross_validated(cases: Sequence[Case]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Returns for each question how sure the engine is and which candidate it shows, by weights fitted elsewhere."""
    groups = [case.article for case in cases]
    sure, best = np.zeros(len(cases)), np.zeros(len(cases), np.int64)
    for fitting, judged in GroupKFold(min(FOLDS, len(set(groups)))).split(groups, groups=groups):
        rank, certain = fit([cases[at] for at in fitting])
        for at in judged:
            best[at], clues = first(cases[at], rank)
            sure[at] = expit(certain.logit(clues))
    return sure, best


def fit(cases: Sequence[Case]) -> tuple[Linear, Linear]:
    """Fits what orders sentences, and how sure the first one may be.

    The clues that count are few and weigh alike, each by its own spread, which holds better from one article to another
    than weights that are fitted (Dawes, The Robust Beauty of Improper Linear Models, 1979). Only the step from their
    sum to a probability is fitted.
    """
    reads = cases[0].clues.shape[1] > len(LEXICAL)
    rank = alike(np.concatenate([_read(case) for case in cases]), RANKED if reads else RANKED_UNREAD)
    shown = [first(case, rank) for case in cases]
    right = np.array([case.holds[at] for case, (at, _) in zip(cases, shown, strict=True)])
    clues = np.array([clues for _, clues in shown])
    return rank, scaled(alike(clues, WEIGHED if reads else WEIGHED_UNREAD, AGAINST), clues, right)


def alike(clues: NDArray[np.float64], names: Sequence[str], against: Sequence[str] = ()) -> Linear:
    """Returns weights by which the named clues count alike, some of them against."""
    spread = np.maximum(clues.std(axis=0), LEAST_SPREAD)
    names_of = [*LEXICAL, *READ, "", ""]
    chosen = np.array([(names_of[at] in names) - float(names_of[at] in against) for at in range(len(spread))])
    return Linear(0.0, chosen / spread)


def scaled(sum_of: Linear, clues: NDArray[np.float64], truth: NDArray[np.bool_]) -> Linear:
    """Turns a sum into the log of odds (Platt, Probabilistic Outputs for Support Vector Machines, 1999)."""
    model = LogisticRegression(C=STRENGTH).fit(sum_of.logit(clues)[:, None], truth)
    slope = float(model.coef_[0, 0])
    return Linear(float(model.intercept_[0]), slope * sum_of.weights)


def _read(case: Case) -> NDArray[np.float64]:
    """The clues of the sentences that the network read; all where it read none."""
    if case.clues.shape[1] == len(LEXICAL):
        return case.clues
    return case.clues[case.clues[:, -1] > 0]


def first(case: Case, rank: Linear) -> tuple[int, NDArray[np.float64]]:
    """Returns the best candidate and its clues, with its rank and how far the next is behind, as `read` has them."""
    scores = rank.logit(case.clues)
    order = np.argsort(-scores, kind="stable")
    best = int(order[0])
    ahead = scores[best] - scores[order[1]] if len(order) > 1 else 1.0
    return best, np.array([*case.clues[best], scores[best], ahead])


def report(cases: Sequence[Case], sure: NDArray[np.float64], best: NDArray[np.int64]) -> None:
    """Prints the figures."""
    right = np.array([case.holds[at] for case, at in zip(cases, best, strict=True)])
    overlap = np.array([case.overlap[at] for case, at in zip(cases, best, strict=True)])
    answerable = np.array([case.answerable for case in cases])
    print(f"{int(answerable.sum())} answerable of {len(cases)}")
    print(f"shown sentence holds a gold answer, answerable questions: {right[answerable].mean():.3f}")
    print(f"span F1 over answerable questions: {overlap[answerable].mean():.3f}")
    # Fitting moves the scale, not the order, so that one scale for all articles is what the order is judged by.
    rank, certain = fit(cases)
    order = certain.logit(np.array([first(case, rank)[1] for case in cases]))
    print(f"answerable against unanswerable, AUROC of the confidence: {auroc(order, answerable):.3f}")
    print(f"the same with a scale of its own for each article: {auroc(sure, answerable):.3f}")
    print(f"right against wrong sentence, AUROC of the confidence: {auroc(order, right):.3f}")
    print(f"expected calibration error: {calibration_error(sure, right):.3f}")
    for limit in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        given = sure >= limit
        hits = right[given].mean() if given.any() else float("nan")
        print(f"min_confidence {limit}: answers {given.mean():.2f} of all questions, {hits:.2f} of them right")


def write(found: dict[str, list[Case] | None]) -> None:
    """Writes the weights that ship, fitted on all that was asked; what was not asked stays as it is."""
    numbers = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    for name, cases in found.items():
        if cases:
            clues = [*LEXICAL, *(READ if name == "read" else ())]
            without = {
                article: _numbers([case for case in cases if case.article != article])
                for article in sorted({case.article for case in cases})
            }
            numbers[name] = {"clues": clues, **_numbers(cases), "without": without}
    FILE.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {FILE}")


def _numbers(cases: Sequence[Case]) -> dict[str, Any]:
    rank, sure = fit(cases)
    return {"rank": rank.numbers(), "sure": sure.numbers()}


def draw(cases: Sequence[Case], sure: NDArray[np.float64], best: NDArray[np.int64], file: Path) -> None:
    """Draws which share of the answers is wrong against the share of questions that are answered."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    right = np.array([case.holds[at] for case, at in zip(cases, best, strict=True)])
    coverage, risk, limits = risk_coverage(sure, right)
    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.plot(coverage, risk)
    for limit in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
        at = int((limits >= limit).sum()) - 1
        if at >= 0:
            axes.annotate(f"{limit}", (coverage[at], risk[at]), textcoords="offset points", xytext=(4, -10))
            axes.plot(coverage[at], risk[at], "o", color="C0", markersize=4)
    axes.set(xlabel="share of questions answered", ylabel="share of answers wrong", xlim=(0, 1), ylim=(0, 1))
    axes.set_title("agent.min_confidence at each point")
    figure.savefig(file)


def _without_reading(case: Case) -> Case:
    return Case(case.article, case.answerable, case.clues[:, : len(LEXICAL)], case.holds, np.zeros(len(case.holds)))


def _lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


if __name__ == "__main__":
    main()
