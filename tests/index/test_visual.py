"""A model of OpenCLIP that was trained here, loaded as any other checkpoint, finds pictures that it has never seen."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from index.library import Library
from index.visual import OpenClipEmbedder
from tests.index.shapes import KINDS, drawn, encoded, train, words

pytestmark = pytest.mark.slow
# A quarter of the fifty are of kinds that the model was never shown: of each it knows the colour, the shape and the
# paper, but not together.
UNKNOWN = random.Random(1).sample(KINDS, 12)
KNOWN = [kind for kind in KINDS if kind not in UNKNOWN]
HIT_AT_1 = 0.9


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained once for all tests."""
    folder = tmp_path_factory.mktemp("models") / "shapes"
    train(folder, KNOWN)
    return folder


@pytest.fixture
def fifty(tmp_path: Path) -> dict[str, tuple[str, str, str]]:
    """Unseen pictures as files whose names say nothing."""
    choice = random.Random(99)
    folder = tmp_path / "pictures"
    folder.mkdir()
    kinds = [*choice.sample(KNOWN, 50 - len(UNKNOWN)), *UNKNOWN]
    choice.shuffle(kinds)
    named = {}
    for number, kind in enumerate(kinds):
        path = folder / f"IMG_{number:04}.png"
        path.write_bytes(encoded(drawn(kind, choice)))
        named[str(path)] = kind
    return named


@pytest.fixture
def library(tmp_path, embedder, checkpoint, fifty):
    opened = Library.open(tmp_path / "library", embedder, picture_embedder=OpenClipEmbedder(checkpoint))
    outcomes = opened.add([tmp_path / "pictures"])
    assert {outcome.status for outcome in outcomes} == {"added"}
    yield opened
    opened.close()


@pytest.mark.timeout(900)
def test_words_find_unseen_pictures(library, fifty, tmp_path):
    def best(query: str) -> str:
        return library.search(query, 1, pictures=True)[0].document.path

    right = sum(best(words(kind)) == path for path, kind in fifty.items())
    print(f"text to picture, hit@1 among {len(fifty)} unseen: {right / len(fifty):.2f}")
    assert right / len(fifty) >= HIT_AT_1
    assert library.verify() == []
    # And by a picture: another drawing of the same kind.
    choice, like = random.Random(7), tmp_path / "like.png"
    found = 0
    for path, kind in fifty.items():
        like.write_bytes(encoded(drawn(kind, choice)))
        found += path in {hit.document.path for hit in library.search_pictures(k=3, like=like)}
    print(f"picture to picture, hit@3 among {len(fifty)} unseen: {found / len(fifty):.2f}")
    assert found / len(fifty) >= HIT_AT_1


def test_bf16_as_on_a_gpu_changes_little(checkpoint, fifty):
    pictures = [Path(path).read_bytes() for path in list(fifty)[:8]]
    whole, half = OpenClipEmbedder(checkpoint), OpenClipEmbedder(checkpoint, bf16=True)
    for one, other in (
        (whole.embed_pictures(pictures), half.embed_pictures(pictures)),
        (whole.embed_texts(["a red ring on grey paper"]), half.embed_texts(["a red ring on grey paper"])),
    ):
        assert (one * other).sum(axis=1).min() > 0.98
