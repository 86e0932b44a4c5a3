"""The second look: what it changes, what it leaves, and models that are named or missing."""

from __future__ import annotations

from itertools import pairwise

import pytest

from index.embed import installed_model
from index.errors import LibraryError
from index.library import Library
from index.rerank import CrossEncoderReranker, LateInteraction, make_reranker, rerank
from index.types import Page, ReadDocument

TEXTS = [
    "The notice period for an apartment is three months.",
    "A period of three months passed before anybody took notice of the apartment.",
    "Bread is baked at 220 degrees.",
    "",
]


@pytest.fixture
def filled(tmp_path, embedder):
    library = Library.open(tmp_path / "library", embedder, LateInteraction(embedder))
    library.add_documents(
        (f"/{n}", ReadDocument("t", "text", (Page(None, f"Sentence {n} on oak trees."),))) for n in range(14)
    )
    yield library
    library.close()


def test_late_interaction_tells_an_answer_from_the_same_words(embedder):
    scores = LateInteraction(embedder).scores("How long is the notice period for an apartment?", TEXTS)
    assert scores.shape == (4,)
    assert scores.argmax() == 0
    assert scores[1] > scores[2] > scores[3] == 0
    assert scores.max() <= 1


def test_a_search_looks_again_at_its_first_hits_only(filled):
    hits = filled.search("oak trees, sentence 7", k=14)
    assert [hit.reranked is not None for hit in hits] == [True] * 10 + [False] * 4
    assert hits[0].document.path == "/7"
    first = [hit.score for hit in hits[:10]]
    assert first == sorted(first, reverse=True)
    assert len(filled.search("oak trees", k=3)) == 3


def test_one_hit_needs_no_second_look(filled):
    [*_, hit] = filled.search("oak trees", k=1)
    assert rerank(LateInteraction(None), "oak", [hit]) == [hit]


def test_a_cross_encoder_in_a_folder_decides(tmp_path, filled):
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    folder = tmp_path / "cross"
    config = BertConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, num_labels=1,
        initializer_range=1.0,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(installed_model()).save_pretrained(folder)
    chosen = make_reranker(str(folder), None)
    texts = [*TEXTS, "something else"]
    scores = chosen.scores("a question", texts)
    assert isinstance(chosen, CrossEncoderReranker)
    assert scores.shape == (5,)
    assert scores.std() > 0.01
    documents = [(f"/t{n}", ReadDocument("t", "text", (Page(None, text),))) for n, text in enumerate(TEXTS[:3])]
    filled.add_documents(documents)
    hits = rerank(chosen, "a question", filled.search("notice period of bread, oak trees", k=17))
    assert {hit.passage.text for hit in hits} >= set(TEXTS[:3])
    expected = dict(
        zip(
            (hit.passage.id for hit in hits),
            chosen.scores("a question", [hit.passage.text for hit in hits]),
            strict=True,
        )
    )
    assert all(hit.reranked == pytest.approx(expected[hit.passage.id], abs=1e-4) for hit in hits)
    judged = [hit.reranked for hit in hits]
    assert judged[0] > judged[-1]
    assert all(one > other - 0.2 for one, other in pairwise(judged))  # between equals the fused score decides


def test_a_reranker_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(LibraryError, match=r"The reranking model .* cannot be loaded \(.*library.reranker"):
        CrossEncoderReranker(str(tmp_path)).scores("a", ["b"])


def test_none_does_not_look_again(embedder):
    assert make_reranker("none", embedder) is None
    assert isinstance(make_reranker(None, embedder), LateInteraction)
