"""E-mails and what is attached to them."""

from __future__ import annotations

import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from index.errors import UnreadableFile
from index.read import read
from index.types import ReadDocument
from tests.index.read.files import zipped

FIXTURES = Path(__file__).parents[2] / "fixtures"


def message(body: str = "See you at nine.\n\n# not a heading", subject: str = "Die Größe") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Ann <ann@example.org>", "bob@example.org", subject
    made["Date"] = "Tue, 3 Mar 2026 09:00:00 +0100"
    made.set_content(body)
    return made


def reading(path: Path, made: EmailMessage | bytes) -> ReadDocument:
    path.write_bytes(made if isinstance(made, bytes) else made.as_bytes())
    return read(path)


def test_a_plain_message(tmp_path: Path) -> None:
    document = reading(tmp_path / "a.eml", message())
    assert (document.title, document.kind) == ("Die Größe", "mail")
    assert document.pages[0].text == (
        "# Die Größe\n\nFrom: Ann <ann@example.org>\nTo: bob@example.org\nDate: Tue, 03 Mar 2026 09:00:00 +0100\n\n"
        "See you at nine.\n\n # not a heading"
    )


def test_attachments_become_pages(tmp_path: Path) -> None:
    made = message()
    made.add_alternative("<p>See you at <b>nine</b>.</p>", subtype="html")
    pdf = (FIXTURES / "two-columns.pdf").read_bytes()
    made.add_attachment(pdf, maintype="application", subtype="pdf", filename="../../paper.pdf")
    made.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="film.mp4")
    made.add_attachment(message("The older one.", "Before"))
    document = reading(tmp_path / "a.eml", made)
    first, *paper, older = [page.text for page in document.pages]
    assert "Attached: paper.pdf\nAttached: film.mp4: not read; it is of a kind that cannot be read (.mp4)" in first
    assert first.count("See you at nine.") == 1
    assert paper[0].startswith("# paper.pdf\n\n")
    assert len(paper) == 3
    assert older.startswith("# message.eml\n\n## Before\n\n")
    assert "The older one." in older
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.eml"]


def test_a_message_in_html_only_in_another_encoding(tmp_path: Path) -> None:
    made = message()
    made.set_content("<h1>Grüße</h1><p>aus Köln</p>", subtype="html", charset="iso-8859-1")
    assert reading(tmp_path / "a.eml", made).pages[0].text.endswith(" # Grüße\n\naus Köln")


def test_harm_in_an_attachment_refuses_the_message(tmp_path: Path) -> None:
    made = message()
    made.add_attachment(zipped({"../a.txt": "Words."}), maintype="application", subtype="zip", filename="a.zip")
    with pytest.raises(UnreadableFile, match="path leads out of the archive"):
        reading(tmp_path / "a.eml", made)


@pytest.mark.parametrize(
    "broken",
    [
        b"Subject: =?utf-8?b?!!!?=\nFrom: a\nDate: no day\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nHello.",
        b"From: <<<>>\nSubject: a\nContent-Type: text/plain; charset=klingon\n\nHello.",
        b"Subject: a\nContent-Transfer-Encoding: base64\nContent-Type: text/plain\n\nSGVsbG8u",
    ],
)
def test_broken_messages_are_read_as_far_as_they_go(tmp_path: Path, broken: bytes) -> None:
    assert "Hello." in reading(tmp_path / "a.eml", broken).pages[0].text


def test_no_message_at_all(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="is damaged or is no e-mail"):
        reading(tmp_path / "a.eml", b"Just words.")


@pytest.mark.parametrize("field", ["Subject: (", "To: (", "To: <", "Content-Type: a", "X-Other: a"])
def test_fields_that_never_end_cost_no_time(tmp_path: Path, field: str) -> None:
    broken = f"From: a\n{field}".encode() + field[-1:].encode() * 100_000 + b"a " * 100_000 + b"\n\nHello."
    began = time.monotonic()
    assert "Hello." in reading(tmp_path / "a.eml", broken).pages[0].text
    assert time.monotonic() - began < 10
