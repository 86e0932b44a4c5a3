"""A model at a server is worth as much as the same one here, and its failures are one line each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from index.embed import SentenceTransformerEmbedder
from index.errors import EmbedderMismatch, LibraryError
from index.library import Library
from index.remote import BATCH, RemoteEmbedder, estimate_tokens
from tests.index.embeddings_server import EmbeddingsServer
from tests.scripted_server import refused_url

TEXTS = [
    "A cat sleeps on the sofa.",
    "",
    "Ein Satz: größer!",
    "東京 🙂",
    "lone \ud800",
    *(f"{n} oaks" for n in range(150)),
]


@pytest.fixture
def server(embedder: SentenceTransformerEmbedder) -> Iterator[EmbeddingsServer]:
    with EmbeddingsServer(embedder) as running:
        yield running


def remote(server: EmbeddingsServer, **more: object) -> RemoteEmbedder:
    return RemoteEmbedder(server.url, "minilm", **{"retries": 0, **more})


def test_vectors_are_those_of_the_model_whatever_the_order_and_length(server, embedder):
    found = remote(server, key="secret").embed(TEXTS)
    assert found.shape == (len(TEXTS), 384)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    expected = embedder.embed([text or " " for text in TEXTS])
    assert (found * expected).sum(axis=1).min() > 0.9999
    assert max(len(body["input"]) for body in server.requests) == BATCH
    assert sum(len(body["input"]) for body in server.requests) == len(TEXTS)
    assert set(server.keys) == {"Bearer secret"}
    assert {body["model"] for body in server.requests} == {"minilm"}


def test_the_dimensions_are_asked_for_once_or_chosen(server):
    asked = remote(server)
    assert (asked.dimensions, asked.dimensions, asked.embed([]).shape) == (384, 384, (0, 384))
    assert len(server.requests) == 1
    assert "dimensions" not in server.requests[0]
    chosen = remote(server, dimensions=128)
    assert chosen.embed(["short"]).shape == (1, 128)
    assert server.requests[1]["dimensions"] == 128
    assert asked.name != chosen.name


def test_what_may_pass_is_tried_again(embedder):
    with EmbeddingsServer(embedder, (503, "starting"), (429, "slow down")) as server:
        assert remote(server, retries=2).embed(["oak"]).shape == (1, 384)
        assert len(server.requests) == 3


def test_a_text_that_is_too_long_for_the_server_is_cut_and_the_others_are_not(server, embedder):
    server.refuses = lambda body: (400, "too long") if max(map(len, body["input"])) > 600 else None
    texts = ["oak", "word " * 400, "a tea clipper"]
    found = remote(server).embed(texts)
    assert (found[[0, 2]] * embedder.embed(["oak", "a tea clipper"])).sum(axis=1).min() > 0.9999
    assert found[1] @ embedder.embed(["word " * 100])[0] > 0.9


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "answered 404 to the model minilm: no such thing; check library.embedder"),
        (401, "answered 401 to the model minilm: no such thing"),
        (500, "answered 500 to the model minilm: no such thing"),
        (400, "answered 400 to the model minilm: no such thing"),
    ],
)
def test_a_refusal_is_one_line(server, status, said):
    server.refuses = lambda body: (status, "no such\nthing")
    with pytest.raises(LibraryError, match=said):
        remote(server).embed(TEXTS)
    assert len(server.requests) < 40


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"{}", "no list of embeddings"),
        (b"<html>", "no list of embeddings"),
        (b'{"data": []}', "no list of embeddings|0 vectors for 2 texts"),
        (b'{"data": [{"index": 0, "embedding": [1, 2]}]}', "1 vectors"),
        (b'{"data": [{"index": 0, "embedding": [1, 2]}, {"index": 1, "embedding": [1]}]}', "several lengths"),
        (
            b'{"data": [{"index": 0, "embedding": [1, NaN]}, {"index": 1, "embedding": [1, 2]}]}',
            "numbers that are none",
        ),
    ],
)
def test_nonsense_is_one_line(server, answer, said):
    server.answer = answer
    with pytest.raises(LibraryError, match=said):
        remote(server).embed(["one", "two"])


def test_vectors_of_another_length_than_before_are_refused(server):
    embedder = remote(server)
    embedder.embed(["one"])
    server.answer = b'{"data": [{"index": 0, "embedding": [1, 2]}]}'
    with pytest.raises(LibraryError, match="vectors of 2 numbers where 384 are expected"):
        embedder.embed(["one"])


def test_a_server_that_is_away_is_one_line():
    with pytest.raises(LibraryError, match=r"cannot be reached .*; start it, or change library\.embedder"):
        RemoteEmbedder(refused_url(), "minilm", retries=0).embed(["oak"])


def test_a_library_is_built_and_searched_and_keeps_to_its_model(tmp_path, folder, server, embedder):
    with_server = Library.open(tmp_path / "library", remote(server))
    assert [outcome.status for outcome in with_server.add([folder])] == ["added"] * 3
    assert with_server.search("hot water for green tea")[0].document.title == "Tea"
    assert with_server.verify() == []
    with_server.close()
    with pytest.raises(EmbedderMismatch, match="minilm"):
        Library.open(tmp_path / "library", embedder)


def test_the_estimate_of_tokens_is_rather_too_high(embedder):
    texts = [
        "The steam engine turns heat into motion.",
        "James Watt, 1736-1819; 3.14159",
        "東京の天気",
        "Größe и шкала",
        "",
    ]
    counted = embedder.count_tokens(texts)
    estimated = [estimate_tokens(text) for text in texts]
    assert all(guess >= count for guess, count in zip(estimated, counted, strict=True))
    assert sum(estimated) < 2 * sum(counted)
