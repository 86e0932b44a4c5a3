"""Questions to several documents: which are about something, and what each of some says."""

from __future__ import annotations

import pytest

from index.filter import Filter
from index.library import Library
from index.rerank import LateInteraction
from tests.index.conftest import plain

DOCUMENTS = {
    "/solar/roof.txt": "Solar panels on the roof produced 4,200 kWh last year. The panels are cleaned twice a year.",
    "/solar/loan.txt": "The bank lends money for photovoltaic systems at two percent. Repayment begins after a year.",
    "/garden/roses.txt": "Roses are cut back in March. They want much sun and little wind.",
    "/garden/pond.txt": "The pond is two metres deep. Solar power runs its pump by day.",
    "/rent/lease.txt": "The notice period of this lease is three months. Pets are allowed.",
    "/rent/garage.txt": "The garage may be given up with two weeks' notice. No vehicle may be repaired in it.",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory, embedder):
    opened = Library.open(tmp_path_factory.mktemp("library"), embedder, LateInteraction(embedder))
    opened.add_documents((path, plain(text, path.rpartition("/")[2])) for path, text in DOCUMENTS.items())
    yield opened
    opened.close()


def test_the_documents_about_something_are_listed_with_the_reason(library):
    found = library.documents_about("solar power")
    paths = [one.document.path for one in found]
    assert set(paths[:3]) == {"/solar/roof.txt", "/solar/loan.txt", "/garden/pond.txt"}
    assert not set(paths) & {"/rent/lease.txt", "/rent/garage.txt"}
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    pond = next(one for one in found if one.document.path == "/garden/pond.txt")
    assert (pond.passages, len(pond.best)) == (1, 1)
    assert "Solar power runs its pump" in pond.best[0].passage.text


def test_a_document_counts_the_passages_that_are_about_it(library):
    sections = "\n\n".join(f"# Part {n}\n\nSolar power, chapter {n}, on inverters." for n in range(5))
    page = plain(sections, "Handbook")
    library.add_documents([("/solar/handbook.md", type(page)("Handbook", "markdown", page.pages))])
    found = {one.document.path: one for one in library.documents_about("solar power")}
    handbook = found["/solar/handbook.md"]
    assert (handbook.passages, len(handbook.best)) == (5, 3)
    library.remove("/solar/handbook.md")


def test_nothing_is_about_what_nothing_is_about(library):
    assert library.documents_about("medieval Icelandic sagas") == []
    assert library.documents_about("") == []


def test_a_filter_narrows_the_list(library):
    found = library.documents_about("solar power", Filter(folders=["/solar"]))
    assert {one.document.path for one in found} == {"/solar/roof.txt", "/solar/loan.txt"}


def test_each_thing_is_heard_though_one_of_them_says_more(library):
    lease, garage, roses = library.search_each(["lease.txt", "garage.txt", "roses"], "notice period", 2)
    assert {hit.document.path for hit in lease} == {"/rent/lease.txt"}
    assert {hit.document.path for hit in garage} == {"/rent/garage.txt"}
    assert roses[0].document.path == "/garden/roses.txt"
    [one], [other] = library.search_each(["lease.txt", "a pump in a pond"], k=1)
    assert (one.document.path, other.document.path) == ("/rent/lease.txt", "/garden/pond.txt")
    assert library.search_each([]) == []
