"""The bits that stand for a passage's words: what is left out, and how near they come to the words' own vectors."""

from __future__ import annotations

import numpy as np
import pytest

from index.embed import installed_model
from index.openvino import OpenVinoModel
from index.tokens import TokenStates, best_matches, code_bytes, encode, telling
from index.torch_model import TorchModel


def states(*words: str) -> TokenStates:
    vectors = np.random.default_rng(len(words)).normal(size=(len(words), 384)).astype(np.float32)
    return TokenStates(words, vectors)


def test_stop_words_and_punctuation_are_left_out():
    tokens = states("the", "oak", "##s", ",", "▁of", "ĠWatt", "—")
    assert np.allclose(np.linalg.norm(telling(tokens), axis=1), 1, atol=1e-5)
    assert np.allclose(
        telling(tokens) * np.linalg.norm(tokens.vectors[[1, 2, 5]], axis=1)[:, None], tokens.vectors[[1, 2, 5]]
    )
    assert len(encode(tokens)) == 3 * code_bytes(384) == 144


def test_a_text_of_nothing_else_keeps_them():
    assert telling(states("to", "be", ",")).shape == (3, 384)
    assert telling(states()).shape == (0, 384)
    assert encode(states()) == b""


def test_bits_come_near_the_cosine():
    passages = [states(*["word"] * count) for count in (200, 1, 0, 37)]
    asked = telling(states("a1", "b2", "c3"))
    asked[0] = 0.6 * telling(passages[0])[7] + 0.8 * asked[0]
    found = best_matches(asked, [encode(one) for one in passages])
    exact = [(asked @ telling(one).T).max(axis=1) if one.words else np.zeros(3) for one in passages]
    assert found.shape == (4, 3)
    assert np.abs(found - np.array(exact)).max() < 0.15
    assert found[0, 0] == pytest.approx(exact[0][0], abs=0.1)
    assert not found[2].any()


def test_bits_of_a_width_that_is_no_multiple_of_eight():
    tokens = TokenStates(("oak",), np.ones((1, 12), np.float32))
    assert len(encode(tokens)) == code_bytes(12) == 2
    assert best_matches(telling(tokens), [encode(tokens)])[0, 0] == pytest.approx(np.sqrt(np.pi / 2), abs=1e-4)


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
            assert (telling(mine) * telling(theirs)).sum(axis=1).min() > 0.98
