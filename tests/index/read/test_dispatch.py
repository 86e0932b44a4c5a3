"""Which reader takes a file, and what a file gets that no reader can take."""

import os
import shutil
from pathlib import Path

import pytest

from index.errors import UnreadableFile
from index.read import SUFFIXES, read
from index.read.formats import BY_KIND

FIXTURES = Path(__file__).parents[2] / "fixtures"
UNREADABLE = ("open-password.pdf", "scanned.pdf")
READABLE = [path for path in sorted(FIXTURES.iterdir()) if path.is_file() and path.name not in UNREADABLE]


def refusal(path: Path) -> str:
    with pytest.raises(UnreadableFile) as caught:
        read(path)
    reason = str(caught.value)
    assert reason and "\n" not in reason
    return reason


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_same_bytes_give_the_same_text_in_silence(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert read(path) == read(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_text_is_clean(path: Path) -> None:
    for page in read(path).pages:
        assert not set(page.text) & set("\x00\x02\r\u00ad\u00a0\u200b\ufeff\ufffe\ufb01\ufb02")
        assert page.text == page.text.strip("\n")
        assert not any(line != line.rstrip() for line in page.text.split("\n"))


@pytest.mark.parametrize(
    ("fixture", "renamed", "kind"),
    [
        ("two-columns.pdf", "paper.txt", "pdf"),
        ("commented.docx", "letter.pdf", "docx"),
        ("flag-day.html", "saved-page.txt", "html"),
        ("flag-day.html", "saved-page.docx", "html"),
        ("two-columns.pdf", "paper", "pdf"),
        ("japanese.docx", "letter", "docx"),
        ("flag-day.html", "page", "html"),
        ("gravity-hill.md", "NOTES", "text"),
        ("two-columns.pdf", "PAPER.PDF", "pdf"),
    ],
)
def test_content_decides_where_the_suffix_lies_or_is_missing(
    tmp_path: Path, fixture: str, renamed: str, kind: str
) -> None:
    shutil.copy(FIXTURES / fixture, tmp_path / renamed)
    assert read(tmp_path / renamed).kind == kind


def test_a_text_that_speaks_of_other_kinds_is_a_text(tmp_path: Path) -> None:
    for name in ("a.md", "a.py", "a.txt"):
        (tmp_path / name).write_text("A PDF begins with %PDF-1.7, an archive with PK and <html> is HTML.")
        assert "begins with" in read(tmp_path / name).pages[0].text


def test_title_falls_back_to_the_file_name(tmp_path: Path) -> None:
    (tmp_path / "todo.txt").write_text("Buy milk.")
    assert read(tmp_path / "todo.txt").title == "todo.txt"


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "gone.pdf")


def test_folder(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


def test_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert "not an ordinary file" in refusal(tmp_path / "pipe.txt")


@pytest.mark.parametrize("name", ["empty.txt", "empty.pdf", "empty.docx", "empty"])
def test_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert "is empty" in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", " \n\t\n"), ("a.md", "\n\n"), ("a.html", "<html><body><script>x()</script></body></html>")],
)
def test_nothing_but_white_space(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert "holds no text" in refusal(tmp_path / name)


def test_unknown_kind_lists_the_kinds_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42")
    reason = refusal(tmp_path / "film.mp4")
    assert ".mp4" in reason
    assert all(suffix in reason for suffix in SUFFIXES - set(BY_KIND["code"].suffixes))
    assert "source code" in reason


def test_damaged_picture_named_as_text(tmp_path: Path) -> None:
    (tmp_path / "photo.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert "is damaged or is no picture" in refusal(tmp_path / "photo.txt")


def test_old_or_protected_word_file(tmp_path: Path) -> None:
    (tmp_path / "old.docx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "password" in refusal(tmp_path / "old.docx")


@pytest.mark.parametrize(("name", "megabytes"), [("big.pdf", 201), ("big.html", 21), ("big.txt", 51)])
def test_oversized_file(tmp_path: Path, name: str, megabytes: int) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(megabytes * 1_000_000)
    assert "is too large" in refusal(tmp_path / name)


def test_forbidden_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("A secret.")
    path.chmod(0)
    if os.access(path, os.R_OK):  # the superuser may read everything

        def forbidden(_: Path) -> bytes:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", forbidden)
    assert "may not be read" in refusal(path)


def test_name_that_no_file_system_takes(tmp_path: Path) -> None:
    assert "check the path" in refusal(tmp_path / ("x" * 300 + ".txt"))
    assert "check the path" in refusal(tmp_path / "nul\x00.txt")
