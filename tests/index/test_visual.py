"""A model of OpenCLIP that was trained here, loaded as any other checkpoint, finds pictures that it has never seen."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench.pictures import KNOWN, LEAST, measure
from bench.shapes import drawn, encoded, train
from index.visual import OpenClipEmbedder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained once for all tests."""
    folder = tmp_path_factory.mktemp("models") / "shapes"
    train(folder, KNOWN)
    return folder


def test_unseen_pictures_are_found_by_words_and_by_pictures(checkpoint, tmp_path, embedder):
    found = measure(checkpoint, tmp_path, embedder)
    assert found.by_words >= LEAST
    assert found.by_picture >= LEAST
    assert found.problems == []


def test_bf16_as_on_a_gpu_changes_little(checkpoint):
    choice = random.Random(3)
    pictures = [encoded(drawn(kind, choice)) for kind in KNOWN[:8]]
    whole, half = OpenClipEmbedder(checkpoint), OpenClipEmbedder(checkpoint, bf16=True)
    for one, other in (
        (whole.embed_pictures(pictures), half.embed_pictures(pictures)),
        (whole.embed_texts(["a red ring on grey paper"]), half.embed_texts(["a red ring on grey paper"])),
    ):
        assert (one * other).sum(axis=1).min() > 0.98
