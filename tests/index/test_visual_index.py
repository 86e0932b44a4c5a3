"""Pictures found by their looks, with a model that sees nothing but the mean colour."""

from __future__ import annotations

import numpy as np
import pytest

from index.errors import LibraryError
from index.library import Library
from index.read.pictures import opened
from index.visual import OpenClipEmbedder
from tests.index.conftest import plain
from tests.index.test_pictures import drawn, illustrated, rows
from tests.index.test_verify import plant

COLOURS = {"red": (1.0, 0.0, 0.0), "green": (0.0, 0.5, 0.0), "navy": (0.0, 0.0, 0.5)}


class Colours:
    """Fulfils `PictureEmbedder`: what is not white is averaged, and a text is the colours that it names."""

    sharpness = 10.0
    dimensions = 3

    def __init__(self, name: str = "colours") -> None:
        self.name = name
        self.seen = 0

    def embed_texts(self, texts):
        named = [
            np.sum([COLOURS[word] for word in text.split() if word in COLOURS] or [(1, 1, 1)], 0) for text in texts
        ]
        return np.array([row / np.linalg.norm(row) for row in named], np.float32)

    def embed_pictures(self, pictures):
        self.seen += len(pictures)
        return np.array([self._mean(data) for data in pictures], np.float32)

    def _mean(self, data):
        try:
            with opened(data) as image:
                pixels = np.asarray(image.convert("RGB"), np.float32).reshape(-1, 3)
        except OSError:
            return np.zeros(3)
        mean = pixels[pixels.min(axis=1) < 250].mean(axis=0)
        return mean / np.linalg.norm(mean)


@pytest.fixture
def colours(tmp_path, embedder):
    library = Library.open(tmp_path / "library", embedder, picture_embedder=Colours())
    yield library
    library.close()


def documents(*names: str):
    return [
        (f"/{name}.pdf", illustrated(f"Chapter {number} has one figure.", name)) for number, name in enumerate(names)
    ]


def paths(hits):
    return [hit.document.path for hit in hits]


def test_words_find_pictures_that_look_so(colours):
    colours.add_documents(documents("red", "green", "navy"))
    hits = colours.search("something green", 2, pictures=True)
    assert paths(hits)[0] == "/green.pdf"
    assert hits[0].visual == pytest.approx(1, abs=0.01)
    assert hits[0].score > hits[1].score
    assert colours.verify() == []


def test_a_picture_finds_those_like_it_and_words_with_it_turn_the_search(colours):
    colours.add_documents(documents("red", "green", "navy"))
    assert paths(colours.search("", 3, like=drawn("red")))[0] == "/red.pdf"
    both = colours.search("navy", 3, like=drawn("red"))
    assert set(paths(both)[:2]) == {"/red.pdf", "/navy.pdf"}


def test_one_search_returns_passages_and_the_pictures_that_look_like_the_query(colours):
    colours.add_documents([*documents("red", "green", "navy"), ("/tea.txt", plain("Green tea is brewed at 75 °C."))])
    hits = colours.search("How is green tea brewed?", 1)
    assert paths(hits)[0] == "/tea.txt"
    assert "/green.pdf" in paths(hits)[1:]
    assert all(hit.pictures and hit.visual is not None for hit in hits[1:])


def test_a_filter_holds_for_looks_too(colours):
    from index.filter import Filter

    colours.add_documents(documents("red", "green", "navy"))
    only = Filter(documents=["/red.pdf", "/navy.pdf"])
    assert set(paths(colours.search("green", 5, only, pictures=True))) == {"/red.pdf", "/navy.pdf"}


def test_changes_and_removals_reach_the_index_of_pictures(colours):
    colours.add_documents(documents("red", "green"))
    assert paths(colours.search("red", 1, pictures=True)) == ["/red.pdf"]
    colours.add_documents([("/red.pdf", illustrated("Chapter 9.", "navy"))])
    colours.remove("/green.pdf")
    [hit] = colours.search("navy", 5, pictures=True)
    assert hit.visual == pytest.approx(1, abs=0.01)
    assert rows(colours, "picture_vectors") == 1
    assert colours.verify() == []


def test_pictures_that_were_there_before_the_model_are_made_up_for(library, tmp_path, embedder):
    library.add_documents(documents("red", "green"))
    assert "visual search is off" in library.picture_note()
    library.close()
    seeing = Library.open(tmp_path / "library", embedder, picture_embedder=Colours())
    assert "some pictures have not been looked at" in seeing.picture_note()
    told = []
    assert seeing.embed_pictures(lambda done, total: told.append((done, total))) == 2
    assert told == [(2, 2)]
    assert seeing.picture_note() == ""
    assert seeing.embed_pictures() == 0
    seeing.close()
    other = Library.open(tmp_path / "library", embedder, picture_embedder=Colours("other"))
    assert all(hit.visual is None for hit in other.search("red", pictures=True))
    other.add_documents(documents("navy"))
    assert rows(other, "picture_vectors") == 3
    assert paths(other.search("navy", 1, pictures=True)) == ["/navy.pdf"]
    assert other.verify() == []
    other.close()


def test_a_picture_that_cannot_be_opened_is_passed_over(colours):
    colours.add_documents(documents("red"))
    plant(colours, "DELETE FROM picture_vectors; UPDATE pictures SET data = x'89504e47'")
    assert colours.embed_pictures() == 0
    assert colours.search("red", pictures=True)


def test_without_a_model_pictures_are_found_by_their_words(library):
    library.add_documents([*documents("red"), ("/tea.txt", plain("The tower of tea cups fell over."))])
    hits = library.search("a tower at the sea", pictures=True)
    assert paths(hits) == ["/red.pdf"]
    assert [picture.caption for picture in hits[0].pictures] == ["The tower from the sea"]
    with pytest.raises(LibraryError, match=r"cannot be searched by a picture.*visual search is off.*picture_model"):
        library.search("", like=drawn())


def test_faults_in_the_vectors_of_pictures_are_found(colours):
    colours.add_documents(documents("red", "green"))
    plant(colours, "UPDATE picture_vectors SET vector = zeroblob(12) WHERE picture = 1")
    assert "the vector of picture 1 is not 3 numbers of length 1" in "\n".join(colours.verify())


@pytest.mark.parametrize("name", ["nobody/nothing", "ViT-B-32:nothing", "NoSuchModel:openai"])
def test_a_model_that_cannot_be_had_is_one_clear_line(name, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(LibraryError, match=f"The picture model {name} cannot be loaded") as caught:
        OpenClipEmbedder(name).embed_texts(["a"])
    assert "\n" not in str(caught.value)


def test_a_folder_without_weights_is_refused_and_not_made_up(tmp_path):
    from bench.shapes import configure

    configure(tmp_path / "empty")
    with pytest.raises(LibraryError, match="picture_model"):
        OpenClipEmbedder(tmp_path / "empty").embed_texts(["a"])
