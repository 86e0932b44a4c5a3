"""The suites of reading and refusing, on a few cases of the samples that ship."""

from assistant.engines.builtin.calibration import calibration
from assistant.engines.builtin.unknowable import is_unknowable
from assistant.evaluate.reading import learned_from
from assistant.evaluate.run import find, run
from assistant.evaluate.suite import Cases
from assistant.settings import Settings
from index.embed import SentenceTransformerEmbedder


def test_reading_is_measured_on_articles_that_no_weight_has_seen(embedder: SentenceTransformerEmbedder) -> None:
    cases = Cases(Settings(), embedder, limit=12)
    articles = {row["title"] for row in cases.every("squad2/questions.jsonl")}
    assert not articles & learned_from()
    for article in articles:
        assert calibration(read=True, unseen=article) != calibration(read=True)
    figures = {figure.name: figure for figure in run(find(["reading"])[0], cases).figures}
    assert (figures["the shown sentence holds a gold answer, answerable"].value or 0) > 0.3
    assert all(0 <= (figure.value or 0) <= 1 for figure in figures.values() if not figure.unit)


def test_questions_that_nobody_can_answer_are_told(embedder: SentenceTransformerEmbedder) -> None:
    cases = Cases(Settings(), embedder)
    [share, area] = run(find(["selfaware"])[0], cases).figures
    assert share.value and share.value > 0.4
    assert area.value and area.value > 0.8
    assert is_unknowable("What is the meaning of life?", embedder)
    assert not is_unknowable("How long is the notice period?", embedder)
