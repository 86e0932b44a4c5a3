"""Archives: what is in them, and what means harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from index.errors import UnreadableFile
from index.read import read
from index.types import ReadDocument
from tests.index.read.files import picture, zipped

FIXTURES = Path(__file__).parents[2] / "fixtures"


def reading(path: Path, data: bytes) -> ReadDocument:
    path.write_bytes(data)
    return read(path)


def refusal(path: Path, data: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        reading(path, data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_file_is_read_under_its_own_name(tmp_path: Path) -> None:
    packed = zipped({
        "notes/tea.md": "# Tea\n\n## Brewing\n\nHot.",
        "paper.pdf": (FIXTURES / "two-columns.pdf").read_bytes(),
        "tool.py": "# a comment\nprint(1)",
        "film.mp4": b"\x00\x01\x02",
        "__MACOSX/notes/._tea.md": b"\x00",
    })  # fmt: skip
    document = reading(tmp_path / "all.zip", packed)
    assert document.kind == "zip"
    contents, tea, *paper, tool = [page.text for page in document.pages]
    assert contents.startswith(
        "# all.zip\n\n- notes/tea.md\n- paper.pdf\n- tool.py\n- film.mp4: not read; it is of a kind"
    )
    assert tea == "# notes/tea.md\n\n## Tea\n\n### Brewing\n\nHot."
    assert paper[0].startswith("# paper.pdf\n\n")
    assert tool == "# tool.py\n\n # a comment\nprint(1)"
    assert [page.number for page in document.pages] == [1, 2, 3, 4, 5, 6]


def test_pictures_keep_their_place(tmp_path: Path) -> None:
    page = '# One\n<h1>Up</h1><p>Before.</p><img src="img/a.png" alt="A chart"><p>After.</p>'
    document = reading(tmp_path / "site.zip", zipped({"docs/page.html": page, "docs/img/a.png": picture()}))
    found, itself = document.pictures
    assert (itself.page, itself.caption) == (2, "docs/img/a.png")
    text = document.pages[found.page].text
    assert text[found.start : found.end] == "[Picture: A chart]"
    assert text.index("Before.") < found.start < text.index("After.")


def test_archives_in_archives_end_somewhere(tmp_path: Path) -> None:
    packed = b"The innermost words."
    name = "a.txt"
    for _ in range(3):
        packed, name = zipped({name: packed}), "a.zip"
    assert any("The innermost words." in page.text for page in reading(tmp_path / "a.zip", packed).pages)
    assert "stands in more than 3 archives" in refusal(tmp_path / "b.zip", zipped({"a.zip": packed}))


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b.txt", "C:\\boot.ini", "..\\b.txt"])
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    reason = refusal(tmp_path / "a.zip", zipped({"good.txt": "Words.", name: "Words."}))
    assert "path leads out of the archive" in reason
    inner = zipped({name: "Words."})
    assert "path leads out" in refusal(tmp_path / "b.zip", zipped({"good.txt": "Words.", "inner.zip": inner}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip"]


def test_links_are_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("notes.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert "path leads out" in refusal(tmp_path / "a.zip", packed.getvalue())


def test_bombs_are_refused(tmp_path: Path) -> None:
    zeros = bytes(40_000_000)
    flat = zipped({f"{number}.txt": zeros for number in range(8)})
    assert len(flat) < 1_000_000
    assert "unpacks to far more than a document needs (over 300 MB)" in refusal(tmp_path / "a.zip", flat)
    nested = zipped({f"{number}.zip": zipped({"a.txt": zeros}) for number in range(8)})
    assert "over 300 MB" in refusal(tmp_path / "b.zip", nested)
    many = zipped({f"{number}.txt": "a" for number in range(1001)})
    assert "over 1,000 files" in refusal(tmp_path / "c.zip", many)


def test_a_member_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    honest = zipped({"a.txt": bytes(1_000_000)})
    liar = honest.replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert liar != honest
    assert "holds nothing that can be read: a.txt: not read; it is damaged" in refusal(tmp_path / "a.zip", liar)


def test_locked_damaged_and_empty(tmp_path: Path) -> None:
    locked = bytearray(zipped({"a.txt": "Words."}))
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(header) + flags] |= 1
    assert "is protected by a password" in refusal(tmp_path / "a.zip", bytes(locked))
    whole = zipped({"a.txt": "Words."})
    assert "is damaged or is no ZIP archive (the archive is cut short" in refusal(tmp_path / "a.zip", whole[:40])
    assert "nothing in it to index" in refusal(tmp_path / "a.zip", zipped({}))
