"""What a person may rely on: files in, passages out, and nothing told that is not so."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from index.embed import SentenceTransformerEmbedder
from index.errors import EmbedderMismatch, LibraryDamaged, LibraryError, LibraryLocked, UnknownDocument
from index.ingest import GROUP
from index.library import Library
from index.store import FILE, Store
from index.types import Page, ReadDocument
from tests.index.conftest import plain

HOSTILE = [
    'NEAR("a" "b") AND NOT (* ^ : -',
    '"unclosed',
    "text:oak OR title:tea",
    "'; DROP TABLE passages; --",
    "😀🌳",
    "_ __ ___",
    "the of and",
    "oak\x00acorn",
    "\ud800 oak",
    "树木",
    "a" * 1_000_000,
    "tea oak " * 125_000,
]


def statuses(outcomes):
    return [outcome.status for outcome in outcomes]


def test_a_question_finds_the_passage_that_answers_it(library, folder):
    assert statuses(library.add([folder])) == ["added"] * 3
    [hit, *_] = library.search("Who improved the machine that James Watt is known for?")
    assert hit.document.path == str(folder / "engine.txt")
    assert "separate condenser" in hit.passage.text
    assert 0 < hit.dense < 1
    assert hit.lexical == 1
    [hit, *_] = library.search("How hot should the water be for green tea?", 1)
    assert hit.passage.heading == "Tea > Brewing"
    assert library.verify() == []


def test_hits_come_best_first_and_no_more_than_asked_for(library, folder):
    library.add([folder])
    hits = library.search("tea", 3)
    assert len(hits) == 3
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert library.search("tea", 0) == []


def test_adding_again_does_nothing_and_a_changed_file_replaces_its_passages(library, folder):
    first = library.add([folder])
    assert statuses(library.add([folder])) == ["unchanged"] * 3
    (folder / "oak.md").write_text("# The oak\n\nThe cork oak is peeled every nine years.\n")
    again = library.add([folder])
    assert statuses(again) == ["unchanged", "changed", "unchanged"]
    assert again[1].document.id == first[1].document.id
    texts = [hit.passage.text for hit in library.search("oak acorns cork jays", 20)]
    assert any("cork oak" in text for text in texts)
    assert not any("acorns" in text for text in texts)
    assert library.verify() == []


def test_a_removed_document_is_found_no_more_and_its_numbers_are_not_given_again(library, folder):
    library.add([folder])
    taken = {passage.id for document in library.documents() for passage in library.passages(document.id)}
    numbers = {document.id for document in library.documents()}
    assert library.remove("tea.md").title == "Tea"
    assert all(hit.document.title != "Tea" for hit in library.search("tea clippers", 20))
    [back] = library.add([folder / "tea.md"])
    assert back.status == "added"
    assert back.document.id not in numbers
    assert taken.isdisjoint(passage.id for passage in library.passages(back.document.id))
    assert library.verify() == []


def test_a_document_goes_by_its_number_path_name_or_title(library, folder):
    library.add([folder])
    for reference in (str(folder / "oak.md"), "tea.md", "engine.txt"):
        library.remove(reference)
    assert library.documents() == []
    library.add([folder])
    library.remove(str(library.documents()[0].id))
    library.remove("The oak")
    with pytest.raises(UnknownDocument, match="No document goes by The oak; see `assistant index list`"):
        library.remove("The oak")


def test_a_name_that_several_documents_have_is_asked_back(library):
    library.add_documents([("/a/notes.txt", plain("One.")), ("/b/notes.txt", plain("Two."))])
    with pytest.raises(UnknownDocument, match=r"Several documents go by notes.txt; name one by its number: 1, 2"):
        library.remove("notes.txt")
    assert len(library.documents()) == 2


def test_one_unreadable_file_does_not_stop_the_others(library, folder):
    (folder / "empty.txt").touch()
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    (folder / "video.bin").write_bytes(bytes(range(256)))
    (folder / ".hidden.md").write_text("# Hidden")
    (folder / "sub" / ".git").mkdir(parents=True)
    (folder / "sub" / ".git" / "config.txt").write_text("hidden")
    (folder / "sub" / "deep.txt").write_text("Found in a folder of the folder.")
    os.mkfifo(folder / "pipe.txt")
    (folder / "gone.txt").symlink_to(folder / "nowhere.txt")
    (folder / "sub" / "round").symlink_to(folder)
    seen = []
    outcomes = library.add([folder, folder / "oak.md"], on_outcome=seen.append)
    by_name = {Path(outcome.path).name: outcome for outcome in outcomes}
    refused = {name for name, outcome in by_name.items() if outcome.status == "refused"}
    assert refused == {"empty.txt", "broken.pdf", "video.bin", "pipe.txt", "nowhere.txt"}
    assert all(by_name[name].reason and "\n" not in by_name[name].reason for name in refused)
    assert {name for name, outcome in by_name.items() if outcome.status == "added"} == {
        "oak.md",
        "tea.md",
        "engine.txt",
        "deep.txt",
    }
    assert sorted(seen, key=str) == sorted(outcomes, key=str)
    assert library.count([folder, folder / "oak.md"]) == len(outcomes)
    assert library.verify() == []


def test_a_folder_that_may_not_be_searched_is_one_refusal(library, folder, monkeypatch):
    closed = folder / "closed"
    closed.mkdir()
    listdir = os.listdir

    def refuse(path):  # the superuser, who may run the tests, is refused nothing
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied", str(closed))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refuse)
    outcomes = library.add([folder])
    assert [(outcome.path, outcome.reason) for outcome in outcomes if outcome.status == "refused"] == [
        (str(closed), "may not be searched (Permission denied); change its permissions")
    ]
    assert len(library.documents()) == 3


def test_a_name_that_is_no_text_is_refused(library, folder):
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("A name in Latin-1.")
    [refused] = [outcome for outcome in library.add([folder]) if outcome.status == "refused"]
    assert "not valid UTF-8" in refused.reason
    refused.path.encode()


def test_a_parser_that_fails_takes_only_its_own_file_down(library, folder, monkeypatch):
    def fail(*_):
        raise IndexError("deep inside")

    monkeypatch.setattr("index.read.pool.Readers.read", fail)
    outcomes = library.add([folder])
    assert statuses(outcomes) == ["refused"] * 3
    assert "IndexError" in outcomes[0].reason


def test_an_empty_folder_and_an_empty_library(library, tmp_path):
    (tmp_path / "nothing").mkdir()
    assert library.add([tmp_path / "nothing"]) == []
    assert library.search("anything") == []
    assert library.documents() == []
    assert library.verify() == []
    library.warm()
    status = library.status()
    assert (status.documents, status.passages, status.dimensions) == (0, 0, 0)


def test_the_library_does_not_index_itself(tmp_path, embedder):
    (tmp_path / "note.txt").write_text("A note beside the library.")
    library = Library.open(tmp_path / "library", embedder)
    assert [outcome.path for outcome in library.add([tmp_path])] == [str(tmp_path / "note.txt")]
    library.close()


@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: ascii(query[:20]))
def test_any_text_can_be_asked(library, folder, query):
    library.add([folder])
    assert len(library.search(query)) == 4


@pytest.mark.parametrize("query", ["", " \n\t "])
def test_nothing_is_found_for_a_blank_question(library, folder, query):
    library.add([folder])
    assert library.search(query) == []


def test_stop_words_do_not_decide(library):
    library.add_documents(
        [
            ("/a", plain("What is the what of the is and the what of it is.")),
            ("/b", plain("Photosynthesis needs light.")),
        ]
    )
    [first, _] = library.search("what is the photosynthesis of it")
    assert first.document.path == "/b"


def test_words_that_stand_together_count_together(library):
    library.add_documents(
        [
            ("/apart", plain("The white horse saw the old house by the river near the town.")),
            ("/together", plain("The old horse saw the white house by the river near the town.")),
        ]
    )
    hits = {hit.document.path: hit.lexical for hit in library.search("white house")}
    assert hits["/together"] > hits["/apart"]


def test_page_texts_hold_what_the_spans_say(library):
    pages = (Page(1, "First page. It has two sentences."), Page(2, "Second page."))
    library.add_documents([("/two.pdf", ReadDocument("Two", "pdf", pages))])
    [document] = library.documents()
    for passage in library.passages(document.id):
        assert library.page_text(document.id, passage.page)[passage.start : passage.end] == passage.text
    assert [passage.page for passage in library.passages(document.id)] == [1, 2]
    for number, page in ((document.id, 3), (document.id, None), (99, 1)):
        with pytest.raises(UnknownDocument):
            library.page_text(number, page)
    assert library.document(document.id) == document
    assert (document.pages, document.passages) == (2, 2)


def test_a_cancelled_ingest_keeps_whole_documents_only(library):
    stop = Event()

    def documents():
        for number in range(400):
            yield f"/{number}", plain(f"Document {number} tells of matter {number * 7}. " * 8)

    outcomes = library.add_documents(documents(), on_outcome=lambda _: stop.set(), cancelled=stop.is_set)
    assert 0 < len(outcomes) < 400
    assert len(library.documents()) == len(outcomes)
    assert library.verify() == []


def test_an_error_in_the_middle_leaves_what_was_committed(library):
    def documents():
        for number in range(300):
            yield f"/{number}", plain(f"Document {number}. " * 5)
        raise OSError("the source went away")

    with pytest.raises(OSError, match="went away"):
        library.add_documents(documents())
    assert len(library.documents()) % GROUP == 0
    assert library.verify() == []


def test_searches_go_on_while_another_thread_adds(library, folder):
    library.add([folder])
    done, failures, answers = Event(), [], []

    def ask():
        try:
            while not done.is_set():
                [hit, *_] = library.search("separate condenser of James Watt", 3)
                answers.append(hit.document.title)
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    library.add_documents((f"/{number}", plain(f"Filler number {number} about nothing.")) for number in range(300))
    library.remove("/7")
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(answers) == {"engine.txt"}
    assert len(library.search("filler about nothing", 400)) == 303
    assert library.verify() == []


def test_what_another_process_adds_is_found_at_the_next_search(library, folder, tmp_path):
    library.add([folder / "oak.md"])
    assert len(library.search("tea clippers")) == 1
    other = Library.open(tmp_path / "library", SentenceTransformerEmbedder())
    other.add([folder / "tea.md"])
    assert library.search("tea clippers")[0].document.title == "Tea"
    other.remove("The oak")
    assert {hit.document.title for hit in library.search("oak acorns")} == {"Tea"}
    other.close()


def test_two_processes_that_add_at_once_lose_nothing(library, tmp_path):
    code = (
        "import sys; from pathlib import Path; from index.library import Library; from index.types import *\n"
        "from index.embed import SentenceTransformerEmbedder\n"
        "library = Library.open(Path(sys.argv[1]), SentenceTransformerEmbedder())\n"
        "for first in range(0, 60, 5):\n"
        "    library.add_documents((f'/{sys.argv[2]}/{n}', ReadDocument('t', 'text', (Page(None, f'Number {n}.'),)))"
        " for n in range(first, first + 5))\n"
        "    library.add_documents([('/shared', ReadDocument('t', 'text', (Page(None, f'Version {first}.'),)))])\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "library")]
    running = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    assert [process.wait(240) for process in running] == [0, 0]
    paths = [document.path for document in library.documents()]
    assert sorted(paths) == sorted(["/shared", *(f"/{name}/{number}" for name in "ab" for number in range(60))])
    assert library.verify() == []


def test_a_library_of_another_embedder_is_refused_unless_empty(library, folder, tmp_path):
    other = SentenceTransformerEmbedder("another-model")
    Library.open(tmp_path / "library", other).close()
    library.add([folder])
    with pytest.raises(EmbedderMismatch, match=r"made with the embedding model all-MiniLM-L6-v2.*name another-model"):
        Library.open(tmp_path / "library", other)


def test_a_library_that_somebody_writes_to_for_too_long_is_locked(tmp_path, library):
    impatient = Store(tmp_path / "library", wait=0.2)
    with (
        library._store.writing(),
        pytest.raises(LibraryLocked, match="has been locked by another writer"),
        impatient.writing(),
    ):
        pass
    impatient.close()


@pytest.mark.parametrize("damage", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_damaged_store_is_told_with_what_to_do(tmp_path, embedder, damage):
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / FILE).write_bytes(damage)
    with pytest.raises(LibraryDamaged, match=r"is damaged .*; move that file away and add your documents again"):
        Library.open(folder, embedder)


def test_a_store_of_a_newer_version_is_left_alone(tmp_path, embedder, library):
    with library._store.writing() as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(LibraryError, match="has format 99, this version reads formats up to"):
        Library.open(tmp_path / "library", embedder)


def test_a_place_that_cannot_hold_a_library_is_one_line(tmp_path, embedder):
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="cannot be made"):
        Library.open(tmp_path / "file" / "library", embedder)
    (tmp_path / "library" / FILE).mkdir(parents=True)
    with pytest.raises(LibraryError, match="cannot be opened or written"):
        Library.open(tmp_path / "library", embedder)


def test_a_full_disk_is_one_line_and_nothing_is_half_stored(library, folder):
    library.add([folder])
    connection = library._store._idle[-1]
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(LibraryError, match="is full; make room and try again"):
        library.add_documents((f"/{number}", plain(f"Text {number}. " * 100)) for number in range(50))
    assert len(library.documents()) == 3
    assert library.verify() == []


def test_a_closed_library_says_so(tmp_path, embedder):
    library = Library.open(tmp_path, embedder)
    library.close()
    with pytest.raises(LibraryError, match="has been closed"):
        library.documents()


def test_opening_and_listing_load_nothing_heavy(tmp_path):
    code = (
        "import sys; from pathlib import Path; from index.library import Library\n"
        "from index.embed import SentenceTransformerEmbedder\n"
        "library = Library.open(Path(sys.argv[1]), SentenceTransformerEmbedder())\n"
        "library.documents(); library.status(); library.verify(); library.search('nothing'); library.close()\n"
        "sys.exit(bool({'torch', 'faiss', 'transformers', 'sentence_transformers'} & set(sys.modules)))\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0


def test_status_counts(library, folder):
    library.add([folder])
    status = library.status()
    assert (status.documents, status.passages, status.dimensions) == (3, 4, 384)
    assert status.embedder == "all-MiniLM-L6-v2"
    assert status.bytes > 4 * 384 * status.passages
    with sqlite3.connect(f"{status.folder}/{FILE}") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
