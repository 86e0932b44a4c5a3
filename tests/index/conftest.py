"""One embedder for all tests, since loading it is what takes long; a new library for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.embed import SentenceTransformerEmbedder
from index.library import Library
from index.rerank import LateInteraction
from index.types import Page, ReadDocument

TEXTS = {
    "oak.md": "# The oak\n\nOaks live for centuries. Their acorns feed jays and wild boar.\n",
    "tea.md": "# Tea\n\n## Brewing\n\nGreen tea is brewed at 75 °C. Black tea takes boiling water.\n\n"
    "## Trade\n\nThe tea clippers raced from Fuzhou to London.\n",
    "engine.txt": "The steam engine turns heat into motion. James Watt added a separate condenser in 1765.",
}


@pytest.fixture(scope="session")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


@pytest.fixture
def library(tmp_path: Path, embedder: SentenceTransformerEmbedder) -> Iterator[Library]:
    opened = Library.open(tmp_path / "library", embedder)
    yield opened
    opened.close()


@pytest.fixture
def library_with_codes(tmp_path: Path, embedder: SentenceTransformerEmbedder) -> Iterator[Library]:
    """One that looks again at its hits, and keeps what this takes."""
    opened = Library.open(tmp_path / "library", embedder, LateInteraction(embedder))
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three small files."""
    place = tmp_path / "documents"
    place.mkdir()
    for name, text in TEXTS.items():
        (place / name).write_text(text, encoding="utf-8")
    return place


def plain(text: str, title: str = "") -> ReadDocument:
    """A document without pages, as the readers hand it over."""
    return ReadDocument(title, "text", (Page(None, text),))
