"""The tool that looks for pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.loader import builtin_folder, load_file
from assistant.plugin import ToolError
from assistant.testing import call, make_context
from index.embed import SentenceTransformerEmbedder
from index.library import Library
from tests.index.test_pictures import drawn, illustrated
from tests.index.test_visual_index import Colours

(TOOL,) = load_file(builtin_folder() / "search_pictures.py")


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


@pytest.fixture
def library(tmp_path, embedder):
    opened = Library.open(tmp_path / "library", embedder, picture_embedder=Colours())
    opened.add_documents(
        [("/red.pdf", illustrated("The first figure.", "red")), ("/navy.pdf", illustrated("x", "navy"))]
    )
    yield opened
    opened.close()


def test_pictures_come_with_numbers_and_how_they_look(library, tmp_path):
    found = call(TOOL.function, make_context(tmp_path, library=library), query="something navy", limit=1)
    [row] = found["pictures"]
    assert (row["n"], row["caption"], row["page"]) == (1, "The tower from the sea", 1)
    assert row["looks"] == pytest.approx(1, abs=0.01)
    assert "note" not in found


def test_a_file_of_the_conversation_finds_pictures_like_it(library, tmp_path):
    (tmp_path / "sketch.png").write_bytes(drawn("red"))
    found = call(TOOL.function, make_context(tmp_path, library=library), query="", like="sketch.png")
    assert "The first figure." in found["pictures"][0]["text"]


@pytest.mark.parametrize("name", ["nothing.png", "../outside.png", "/etc/hostname", "."])
def test_no_other_file_is_looked_at(library, tmp_path, name):
    folder = tmp_path / "conversation"
    folder.mkdir()
    (tmp_path / "outside.png").write_bytes(drawn())
    with pytest.raises(ToolError, match="there is no file"):
        call(TOOL.function, make_context(folder, library=library), query="", like=name)


def test_a_file_that_is_no_picture_is_told_to_the_model(library, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(ToolError, match=r"notes.txt: is of a kind"):
        call(TOOL.function, make_context(tmp_path, library=library), query="", like="notes.txt")


def test_without_a_model_the_note_says_how_to_turn_it_on(tmp_path, embedder):
    blind = Library.open(tmp_path / "blind", embedder)
    blind.add_documents([("/arken.pdf", illustrated())])
    (tmp_path / "tower.png").write_bytes(drawn())
    ctx = make_context(tmp_path, library=blind)
    found = call(TOOL.function, ctx, query="the tower at the sea")
    assert found["pictures"][0]["caption"] == "The tower from the sea"
    assert "visual search is off" in found["note"]
    assert "library.picture_model" in found["note"]
    assert call(TOOL.function, ctx, query="", like="tower.png")["pictures"]  # by its name
    blind.close()


def test_nothing_to_look_for_is_refused(library, tmp_path):
    with pytest.raises(ToolError, match="query is empty"):
        call(TOOL.function, make_context(tmp_path, library=library), query=" ")


def test_the_tool_names_no_path(library, tmp_path):
    found = call(TOOL.function, make_context(tmp_path, library=library), query="red")
    assert not any(str(Path("/red.pdf")) in str(row) for row in found["pictures"])
