"""Pictures of the library, and files attached to a conversation, are taken for edits by name and by number."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from assistant.loader import builtin_folder, load_file
from assistant.plugin import ToolError
from assistant.testing import call, make_context
from index.embed import SentenceTransformerEmbedder
from index.library import Library
from tests.index.test_pictures import illustrated
from tests.index.test_visual_index import Colours

TOOLS = load_file(builtin_folder() / "generate_image" / "__init__.py", {"generate_image": {"model": "any"}})
SOURCE: Any = importlib.import_module(f"{TOOLS[0].function.__module__}.source")
(SEARCH,) = load_file(builtin_folder() / "search_pictures.py")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("library")
    opened = Library.open(folder, SentenceTransformerEmbedder(), picture_embedder=Colours())
    opened.add_documents(
        [("/red.pdf", illustrated("The first figure.", "red")), ("/navy.pdf", illustrated("x", "navy"))]
    )
    yield opened
    opened.close()


def colour(path: Path) -> tuple[int, ...]:
    with Image.open(path) as picture:
        found = picture.convert("RGB").resize((1, 1)).getpixel((0, 0))
    assert isinstance(found, tuple)
    return tuple(map(round, found))


def test_a_picture_of_a_document_is_taken_by_name_and_by_number(library, tmp_path):
    ctx = make_context(tmp_path, library=library)
    by_name = SOURCE.chosen(ctx, "navy.pdf")
    assert by_name.is_relative_to(tmp_path)
    (row,) = call(SEARCH.function, make_context(tmp_path, library=library), query="something navy", limit=1)["pictures"]
    by_number = SOURCE.chosen(ctx, f"library:{row['picture']}")
    assert by_number.read_bytes() == by_name.read_bytes()
    assert colour(SOURCE.chosen(ctx, "red.pdf")) != colour(by_name)


def test_a_file_of_the_conversation_comes_first_and_fetched_ones_are_not_the_newest(library, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "mine.png")
    ctx = make_context(tmp_path, library=library)
    SOURCE.chosen(ctx, "red.pdf")
    assert SOURCE.chosen(ctx, "last") == SOURCE.chosen(ctx, "mine.png") == tmp_path / "mine.png"


@pytest.mark.parametrize("name", ["nothing.pdf", "library:999", "../red.pdf", "x" * 5000, "a\0b", "library:"])
def test_what_is_nowhere_is_told(library, tmp_path, name):
    with pytest.raises(ToolError, match=r"There is no file .*no picture of this name in the library"):
        SOURCE.chosen(make_context(tmp_path, library=library), name)
