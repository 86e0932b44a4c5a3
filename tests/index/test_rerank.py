"""The second look: what it changes, what it leaves, and models that are named or missing."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from index.embed import installed_model
from index.errors import LibraryError
from index.library import Library
from index.rerank import CrossEncoderReranker, LateInteraction, Question, make_reranker, of_the_like, rerank
from index.store import FILE
from index.torchvision_guard import guard_torchvision
from index.types import Page, ReadDocument

TEXTS = [
    "The notice period for an apartment is three months.",
    "A period of three months passed before anybody took notice of the apartment.",
    "Bread is baked at 220 degrees.",
]
OAKS = 54


def documents(texts, prefix="/"):
    return [(f"{prefix}{n}", ReadDocument("t", "text", (Page(None, text),))) for n, text in enumerate(texts)]


@pytest.fixture
def filled(library_with_codes):
    library_with_codes.add_documents(documents(f"Sentence {n} on oak trees." for n in range(OAKS)))
    return library_with_codes


def coded(library):
    """Passages with codes, all passages."""
    with sqlite3.connect(f"{library.status().folder}/{FILE}") as connection:
        return tuple(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES)


TABLES = ("token_codes", "passages")


def test_late_interaction_tells_an_answer_from_the_same_words(library_with_codes):
    library_with_codes.add_documents(documents(TEXTS))
    hits = library_with_codes.search("How long is the notice period for an apartment?")
    assert [hit.passage.text for hit in hits] == TEXTS
    scores = [hit.reranked for hit in hits]
    assert 1 > scores[0] > scores[1] > scores[2]


def test_a_search_looks_again_at_its_first_hits_only(filled):
    hits = filled.search("oak trees, sentence 7", k=OAKS)
    raw = [0.6 * hit.dense + 0.4 * hit.lexical + 2 * hit.reranked for hit in hits[:50]]
    assert [hit.score for hit in hits[:50]] == pytest.approx(
        [0.8 * own + 0.2 * hit.alike for own, hit in zip(raw, hits, strict=False)], abs=1e-4
    )
    assert [hit.reranked is not None for hit in hits] == [True] * 50 + [False] * 4
    assert hits[0].document.path == "/7"
    first = [hit.score for hit in hits[:50]]
    assert first == sorted(first, reverse=True)
    assert len(filled.search("oak trees", k=3)) == 3


def test_codes_come_and_go_with_their_passages(filled):
    assert coded(filled) == (OAKS, OAKS)
    filled.remove("/3")
    assert coded(filled) == (OAKS - 1, OAKS - 1)
    filled.add_documents(documents(["Changed."]))
    assert coded(filled) == (OAKS - 1, OAKS - 1)
    assert filled.verify() == []


def test_a_library_without_codes_is_looked_at_all_the_same_and_filled_by_adding_again(tmp_path, embedder):
    plain = Library.open(tmp_path / "one", embedder)
    texts = [f"Sentence {n} on oak trees." for n in range(15)]
    plain.add_documents(documents(texts))
    assert coded(plain) == (0, 15)
    plain.close()
    library = Library.open(tmp_path / "one", embedder, LateInteraction(embedder))
    before = library.search("oak trees, sentence 7", k=15)
    assert sum(hit.reranked is not None for hit in before) == 10
    outcomes = library.add_documents(documents(texts))
    assert {outcome.status for outcome in outcomes} == {"unchanged"}
    assert coded(library) == (15, 15)
    after = {hit.passage.id: hit.reranked for hit in library.search("oak trees, sentence 7", k=15)}
    assert all(after[hit.passage.id] == pytest.approx(hit.reranked, abs=0.02) for hit in before[:10])
    library.close()


def test_a_question_of_stop_words_or_signs_is_asked_too(filled):
    for query in ("?!", "of the"):
        assert all(hit.reranked is not None for hit in filled.search(query, k=5))


def test_what_is_alike_scores_alike():
    vectors = np.array([[1, 0], [1, 0], [0.6, 0.8], [0, 1]], np.float32)
    found = of_the_like(np.array([3, 1, 2, 0], np.float32), vectors, 2)
    assert found == pytest.approx([(1 + 0.6 * 2) / 1.6, (3 + 0.6 * 2) / 1.6, (0.8 * 0 + 0.6 * 3) / 1.4, 2], abs=5e-3)
    assert of_the_like(np.ones(1, np.float32), vectors[:1], 2).tolist() == [1]


def test_one_hit_needs_no_second_look(filled):
    [*_, hit] = filled.search("oak trees", k=1)
    assert rerank(LateInteraction(None), Question("oak"), [hit], None) == [hit]


def test_a_cross_encoder_in_a_folder_decides(tmp_path, filled):
    guard_torchvision()
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(0)  # some weights at random score everything alike
    folder = tmp_path / "cross"
    config = BertConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, num_labels=1,
        initializer_range=1.0,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(installed_model()).save_pretrained(folder)
    chosen = make_reranker(str(folder), None)
    assert isinstance(chosen, CrossEncoderReranker)
    filled.add_documents(documents(TEXTS, "/t"))
    found = [replace(hit, reranked=None) for hit in filled.search("notice period for an apartment, bread baked", k=30)]
    hits = rerank(chosen, Question("a question"), found, None)
    assert {hit.passage.text for hit in hits} >= set(TEXTS)
    first = [hit for hit in hits if hit.reranked is not None]
    assert len(first) == chosen.depth
    scores = chosen.scores("a question", [hit.passage.text for hit in first])
    assert scores.std() > 0.01
    assert [hit.reranked for hit in first] == pytest.approx(scores.tolist(), abs=1e-4)
    hits = first
    judged = [hit.reranked for hit in hits]
    assert judged[0] > judged[-1]
    assert all(one > other - 0.2 for one, other in pairwise(judged))  # between equals the fused score decides


def test_a_reranker_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(LibraryError, match=r"The reranking model .* cannot be loaded \(.*library.reranker"):
        CrossEncoderReranker(str(tmp_path)).scores("a", ["b"])


def test_none_does_not_look_again(embedder):
    assert make_reranker("none", embedder) is None
    assert isinstance(make_reranker(None, embedder), LateInteraction)


class OfTexts:
    """An embedder that knows no tokens, as one behind a URL."""

    def __init__(self, embedder):
        self.name, self.dimensions, self.max_tokens = embedder.name, embedder.dimensions, embedder.max_tokens
        self.embed, self.count_tokens = embedder.embed, embedder.count_tokens


def test_an_embedder_without_tokens_keeps_no_codes(tmp_path, embedder):
    other = OfTexts(embedder)
    assert make_reranker(None, other) is None
    library = Library.open(tmp_path / "library", other, make_reranker(None, other))
    library.add_documents(documents(TEXTS))
    assert coded(library) == (0, 3)
    assert library.search("notice period")[0].reranked is None
    library.close()
