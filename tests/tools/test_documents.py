"""The tools that look into the library, on a real one: what they return, and that each thing can be cited."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from assistant.plugin import ToolError
from assistant.testing import call, make_context
from index.embed import SentenceTransformerEmbedder
from index.library import Library
from index.rerank import LateInteraction
from index.types import Page, ReadDocument

TOOLS = Path(__file__).parents[2] / "tools"
LEASE = (
    "The notice period of this lease is three months.",
    "Pets are allowed, but for crocodiles.",
    "The rent is due on the third working day.",
)
TEXTS = {"Lease": LEASE, "Garage": ("The garage may be given up with two weeks' notice.",)}


def tool(name):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    embedder = SentenceTransformerEmbedder()
    opened = Library.open(tmp_path_factory.mktemp("library"), embedder, LateInteraction(embedder))
    opened.add_documents(
        (f"/{title}.pdf", ReadDocument(title, "pdf", tuple(Page(n, text) for n, text in enumerate(pages, 1))))
        for title, pages in TEXTS.items()
    )
    yield opened
    opened.close()


@pytest.fixture
def ctx(tmp_path, library):
    return make_context(tmp_path, library=library)


def test_a_hit_says_where_it_stands_and_why_it_came(ctx):
    [row] = call(tool("search_documents"), ctx, query="How long is the notice period of the lease?", limit=1)
    assert (row["n"], row["title"], row["page"], row["text"]) == (1, "Lease", 1, LEASE[0])
    assert (row["start"], row["end"]) == (0, len(LEASE[0]))
    assert row["meaning"] > 0.5
    assert row["words"] == 1
    assert 0 < row["second_look"] < 1


def test_what_stands_around_a_hit_is_cited_too(ctx):
    rows = call(tool("search_documents"), ctx, query="crocodiles", limit=1, around=1)
    assert [(row["n"], row["page"]) for row in rows] == [(1, 2), (2, 1), (3, 3)]
    assert "score" in rows[0]
    assert "score" not in rows[1]
    with pytest.raises(ToolError, match="No document goes by Nothing"):
        call(tool("search_documents"), ctx, query="x", document="Nothing")


@pytest.mark.parametrize("request_", ["Which documents are about notice?", "notice"])
def test_documents_are_listed_by_what_they_are_about(ctx, request_):
    rows = call(tool("find_documents"), ctx, request=request_)
    assert {row["title"] for row in rows} == {"Lease", "Garage"}
    assert all(row["passages"] == 1 and row["text"] and row["page"] == 1 for row in rows)
    assert [row["n"] for row in rows] == [1, 2]
    assert call(tool("find_documents"), ctx, request="documents about medieval sagas") == []
    with pytest.raises(ToolError, match="request is empty"):
        call(tool("find_documents"), ctx, request="?")


@pytest.mark.parametrize(
    "arguments",
    [
        {"request": "notice", "things": ["Lease", "Garage.pdf"]},
        {"request": "Compare the Lease and the Garage regarding notice."},
        {"request": "What is the difference between Lease and Garage with respect to notice?"},
    ],
)
def test_each_document_of_a_comparison_is_heard(ctx, arguments):
    rows = call(tool("compare_documents"), ctx, limit=1, **arguments)
    assert [row["title"] for row in rows] == ["Lease", "Garage"]
    assert rows[0]["of"].startswith("Lease")
    assert all("notice" in row["text"] for row in rows)


def test_one_thing_cannot_be_compared(ctx):
    with pytest.raises(ToolError, match="name 2 to 10 things"):
        call(tool("compare_documents"), ctx, request="Compare this")
