"""The map of a library: what is alike lies together, topics are named, and it is kept until passages change."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from index import map as drawing
from index.library import Library
from index.map import FILE, MOST
from tests.index.conftest import plain

TEA = [f"Green tea number {n} is brewed at {n} degrees in a porcelain teapot." for n in range(12)]
SHIP = [f"The sailing ship number {n} crossed the stormy ocean in {n} days under full sails." for n in range(12)]


@pytest.fixture
def filled(library: Library) -> Library:
    both = (("tea", TEA), ("ship", SHIP))
    library.add_documents([(f"/{name}/{n}.txt", plain(text)) for name, texts in both for n, text in enumerate(texts)])
    return library


def test_what_is_alike_lies_together_and_is_named(filled: Library) -> None:
    drawn = filled.map()
    assert (len(drawn.spots), drawn.passages, len(drawn.topics)) == (24, 24, 3)
    tea = {spot.topic for spot in drawn.spots if "tea" in spot.text}
    ship = {spot.topic for spot in drawn.spots if "ship" in spot.text}
    assert tea & ship == set()
    assert {"tea", "green", "brewed", "degrees", "porcelain", "teapot"} >= set(drawn.topics[tea.pop()].words)
    assert {"ship", "sailing", "ocean", "sails", "stormy", "crossed"} & set(drawn.topics[ship.pop()].words)
    places = np.array([(spot.x, spot.y) for spot in drawn.spots])
    assert ((places >= 0) & (places <= 1)).all()
    assert sum(topic.passages for topic in drawn.topics) == 24
    assert set(drawn.titles) == {spot.document for spot in drawn.spots}


def test_a_map_is_kept_until_passages_come_or_go(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    first = filled.map()
    times = []
    monkeypatch.setattr(drawing, "draw", lambda connection: times.append(1) or first)
    assert filled.map() == first
    assert times == []
    filled.remove("/tea/3.txt")
    filled.map()
    assert times == [1]
    (Path(filled.status().folder) / FILE).write_text("no map")
    filled.map()
    assert times == [1, 1]


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6])
def test_small_libraries_have_maps_too(library: Library, count: int) -> None:
    library.add_documents([(f"/{n}.txt", plain(text)) for n, text in enumerate(TEA[:count])])
    drawn = library.map()
    assert len(drawn.spots) == count
    assert all(0 <= spot.x <= 1 and 0 <= spot.y <= 1 for spot in drawn.spots)


def test_texts_without_words_have_topics_without_names(library: Library) -> None:
    library.add_documents([(f"/{n}.txt", plain(f"{n} {n * 7} + {n}")) for n in range(8)])
    assert {topic.words for topic in library.map().topics} == {()}


def test_many_passages_are_placed_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten thousand, with the whole work but reading them."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(30, 384))
    vectors = centres[random.integers(0, 30, MOST)] + random.normal(size=(MOST, 384))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    started = time.process_time()
    places, topics = drawing._places(vectors), drawing._clusters(vectors)
    drawing._names([f"word{'abcdefghijklmnop'[topic]} and more" for topic in topics], topics)
    assert time.process_time() - started < 20
    assert places.shape == (MOST, 2)
    assert np.isfinite(places).all()
