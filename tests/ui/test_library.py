"""The library panel without a browser: what it shows, and how it reads what the page sends."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

from index.filter import Filter
from index.ingest import Progress
from index.listing import Entry, Facets, Listing, Wanted
from index.types import Document, Outcome
from ui.language import texts
from ui.library_list import folders_of, listing_html, read_wanted, toolbar_html
from ui.library_uploads import progress_html
from ui.upload_queue import read_files
from ui.uploads import Upload

EN = texts()
HOSTILE = "<img src=x onerror=alert(1)>"
DOCUMENT = Document(3, "/up/notes.md", "Notes", "markdown", "0" * 64, 2_500_000, 1, 12, "2026-11-20T08:00:00+00:00")


def test_uploads_are_told_one_by_one():
    waiting, reading, done, refused, embedded, stopped = (Upload(n, None) for n in ("a", "b", "c", HOSTILE, "e", "f"))
    reading.started = embedded.started = stopped.stop = True
    embedded.far = Progress("e", 12, 300)
    done.outcome = Outcome("c", "added", "", DOCUMENT)
    refused.outcome = Outcome("d", "refused", "the file is empty")
    html = progress_html([waiting, reading, done, refused, embedded, stopped], EN, running=True)
    assert "3 of 6 read" in html
    for row in (
        '<li class="waiting"><b>a</b> <span>waiting</span><button type="button" data-action="stop" data-id="0"',
        '<li class="reading"><b>b</b> <span>being read …</span>',
        '<li class="reading"><b>e</b> <span>12 of 300 passages</span>',
        '<b>f</b> <span>stopped, not added</span><button type="button" data-action="retry" data-id="5"',
        '<li class="added"><b>c</b> <span>added, 12 passages</span></li>',
        '<li class="refused"><b>&lt;img src=x onerror=alert(1)&gt;</b> <span>not added: the file is empty</span>',
    ):
        assert row in html
    assert "<img" not in html
    assert ">Pause<" in html
    assert ">Go on<" in progress_html([waiting], EN, running=True, paused=True)
    assert "1 of 2 in the library" in progress_html([done, refused], EN)
    assert ">Try all again<" in progress_html([stopped, refused], EN)


def test_of_ten_thousand_uploads_those_are_shown_that_need_a_person():
    uploads = [Upload(str(n), None, outcome=Outcome("", "added", "", DOCUMENT)) for n in range(10_000)]
    uploads[9_000].outcome = Outcome("", "refused", "the file is empty")
    html = progress_html(uploads, EN)
    assert html.count("<li") == 1
    assert "9000" in html
    assert "and 9,999 more" in html


def entries(*documents):
    return Listing(tuple(Entry(each, 2) for each in documents), 120, 130)


def test_documents_are_listed_with_what_they_are():
    hostile = replace(
        DOCUMENT, id=4, title=HOSTILE, path=f"/{HOSTILE}", pages=3, size=10, tags=(HOSTILE,), kind=HOSTILE
    )
    html = listing_html(entries(DOCUMENT, hostile), Wanted(start=50), EN)
    assert "120 documents of 130" in html
    assert "51 to 52 of 120" in html
    assert 'data-action="turn" data-id="2"' in html
    assert "notes.md · 12 passages, 2 pictures, 2.5 MB, added 2026-11-20" in html
    assert "3 pages, 12 passages, 2 pictures, 1 kB" in html
    assert "<img" not in html
    assert "No document fits" in listing_html(Listing((), 0, 3), Wanted(), EN)
    assert "The library is empty" in listing_html(Listing((), 0, 0), Wanted(), EN)


def test_the_filters_offer_what_there_is():
    folders = {"/home/a": 2, "/up/aaaa": 1, "/up/reports/bbbb": 1, "/up/reports/cccc": 1, f"/{HOSTILE}": 1}
    facets = Facets({"pdf": 2, HOSTILE: 1}, {HOSTILE: 1}, folders, 3)
    html = toolbar_html(facets, Path("/up"), HOSTILE, EN)
    assert "<img" not in html
    assert folders_of(facets, Path("/up")) == {f"/{HOSTILE}": 1, "/home/a": 2, "/up": 1, "/up/reports": 2}
    assert "with pictures (3)" in html
    assert 'name="tag"' not in toolbar_html(replace(facets, tags={}), Path("/up"), "", EN)


def test_what_the_page_sends_about_the_list_is_read_with_care():
    sent = SimpleNamespace(text="x" * 999, kind="pdf", tag="", folder=7, since="2026-01-31", until="soon", sort="-size")
    wanted = read_wanted(sent, Wanted())
    assert (len(wanted.text), wanted.sort, wanted.descending, wanted.pictures) == (200, "size", True, False)
    assert wanted.only == Filter(kinds=["pdf"], tags=[], folders=[], since=date(2026, 1, 31))
    assert read_wanted(SimpleNamespace(sort="-id; DROP TABLE documents"), Wanted()).sort == "title"
    turned = read_wanted(SimpleNamespace(page=3), wanted)
    assert (turned.start, turned.only) == (150, wanted.only)
    assert read_wanted(SimpleNamespace(page=-3), wanted).start == 0


def test_only_files_that_were_uploaded_here_are_added(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / "a.md").write_text("a")
    (tmp_path / "secret.md").write_text("s")
    inside, outside = str(tmp_path / "uploads" / "a.md"), str(tmp_path / "secret.md")
    sneaky = str(tmp_path / "uploads" / ".." / "secret.md")
    rows = [{"path": each, "name": "../../x/./b\\c\x00.md"} for each in (inside, outside, sneaky, "\0", 7, "")]
    [upload] = read_files([*rows, "nonsense"], "work")
    assert (upload.name, upload.received, upload.library) == ("x/b/c.md", Path(inside), "work")
    assert read_files("nonsense", None) == []
    [named] = read_files([{"path": inside, "name": "é" * 300 + ".md"}], None)
    assert named.name.endswith("é.md")
    assert len(named.name.encode()) <= 200
