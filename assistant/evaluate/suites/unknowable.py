"""Questions that nobody can answer, on SelfAware."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assistant.evaluate.errors import EvalError
from assistant.evaluate.suite import Cases, Figure, Row, Suite, figure
from index.embed import Embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDS = 5
STRENGTH = 10.0


def scores(
    texts: Sequence[str], answerable: Sequence[bool], embedder: Embedder
) -> tuple[list[float], NDArray[np.float32]]:
    """Fits a linear probe.

    Returns:
        Each question's score by weights that were fitted without its fold, and the weights fitted on all, for vectors
        as the embedder gives them.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    vectors, unknowable = embedder.embed(texts), ~np.array(answerable)
    judged = np.zeros(len(texts))
    for fitting, held in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(vectors, unknowable):
        judged[held] = vectors[held] @ _fitted(LogisticRegression, vectors[fitting], unknowable[fitting])
    return judged.tolist(), _fitted(LogisticRegression, vectors, unknowable)


def _fitted(kind: Any, vectors: NDArray[np.float32], truth: NDArray[np.bool_]) -> NDArray[np.float32]:
    weights: NDArray[np.float32] = kind(C=STRENGTH, max_iter=2000).fit(vectors, truth).coef_[0]
    return weights


def _measure(cases: Cases) -> list[Figure]:
    rows = cases.rows("selfaware/questions.jsonl")
    answerable = [bool(row["answerable"]) for row in rows]
    if min(answerable.count(True), answerable.count(False)) < FOLDS:
        raise EvalError(
            f"Too few cases: {FOLDS} answerable and {FOLDS} unanswerable questions at least are needed, and there are "
            f"{answerable.count(True)} and {answerable.count(False)}."
        )
    judged, _ = scores([row["text"] for row in rows], answerable, cases.embedder)
    given = [
        Row(row["id"], row["text"], f"{score:+.2f}", score, float(not can))
        for row, score, can in zip(rows, judged, answerable, strict=True)
    ]
    return [
        figure("unanswerable declined, at 90 % of the answerable not declined for it", given, "declined at 90 %"),
        figure("AUROC", given, "AUROC"),
    ]


SUITES = (
    Suite(
        "selfaware",
        "are questions that nobody can answer told from the others, by their words alone?",
        "share of the unanswerable questions declined where 90 % of the answerable are kept (Yin et al., 2023)",
        "five-fold cross-validation; the answerable ones come from other sets (SQuAD, TriviaQA, HotpotQA), whose style "
        "alone tells much",
        "SelfAware (Yin et al., 2023), CC BY-SA 4.0",
        _measure,
    ),
)
