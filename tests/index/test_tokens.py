"""The bits that stand for a passage's words: what is left out, and how near they come to the words' own vectors."""

from __future__ import annotations

import numpy as np
import pytest

from index.embed import installed_model
from index.openvino import OpenVinoModel
from index.tokens import TokenStates, asked, code_bytes, encode, scores
from index.torch_model import TorchModel


def states(*words: str) -> TokenStates:
    vectors = np.random.default_rng(len(words)).normal(size=(len(words), 384)).astype(np.float32)
    return TokenStates(words, vectors)


def test_passages_keep_words_and_questions_weigh_them():
    tokens = states("the", "oak", "##s", ",", "▁of", "ĠWatt", "—")
    assert len(encode(tokens)) == 5 * code_bytes(384) == 240
    question = asked(tokens)
    assert np.allclose(np.linalg.norm(question.vectors, axis=1), 1, atol=1e-5)
    assert question.weights.sum() == pytest.approx(1)
    assert np.allclose(question.weights / question.weights.min(), [1, 2, 2, 1, 1, 2, 1])
    assert encode(states(".", "—")) == encode(states()) == b""
    assert asked(states()).vectors.shape == (0, 384)


def test_bits_come_near_the_cosine():
    passages = [states(*["word"] * count) for count in (200, 1, 0, 37)]
    exact = [asked(one).vectors for one in passages]
    question = asked(states("a1", "b2", "c3", "d4"))
    question.vectors[0] = 0.6 * exact[0][7] + 0.8 * question.vectors[0]
    found = scores(question, [encode(one) for one in passages])
    expected = [(question.vectors @ one.T).max(axis=1).mean() if len(one) else 0 for one in exact]
    assert found == pytest.approx(expected, abs=0.1)
    assert found[2] == 0
    assert found.argmax() == 0
    assert not scores(question, [b"", b""]).any()


def test_bits_of_a_width_that_is_no_multiple_of_eight():
    tokens = TokenStates(("oak",), np.ones((1, 12), np.float32))
    assert len(encode(tokens)) == code_bytes(12) == 2
    assert scores(asked(tokens), [encode(tokens)])[0] == pytest.approx(np.sqrt(np.pi / 2), abs=1e-4)


def test_one_pass_gives_both_on_every_road(embedder):
    texts = ["Oaks live for centuries.", "", "past the end " * 400, "東京 🙂"]
    vectors, words = embedder.embed_with_tokens(texts, lambda tokens: list(tokens.words))
    assert np.allclose(vectors, embedder.embed(texts), atol=1e-3)  # half precision
    assert words[0][:3] == ["oaks", "live", "for"]
    assert words[1] == []
    assert len(words[2]) == 254
    ours, reference = OpenVinoModel(installed_model()), TorchModel(str(installed_model()), local=True)
    (one, first), (other, second) = (
        model.embed_with_tokens(texts, lambda tokens: tokens) for model in (ours, reference)
    )
    assert (one * other).sum(axis=1).min() > 0.999
    for mine, theirs in zip(first, second, strict=True):
        assert list(mine.words) == list(theirs.words)
        if mine.words:
            assert (asked(mine).vectors * asked(theirs).vectors).sum(axis=1).min() > 0.98
