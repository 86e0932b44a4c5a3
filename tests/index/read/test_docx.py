"""Word documents."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from index.errors import UnreadableFile
from index.read import read
from tests.index.read.files import picture

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Document], str]:
    def write(document: Document) -> str:
        document.save(str(tmp_path / "made.docx"))
        return read(tmp_path / "made.docx").pages[0].text

    return write


def refusal(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(UnreadableFile) as caught:
        read(path)
    return str(caught.value)


def test_real_document() -> None:
    document = read(FIXTURES / "commented.docx")
    text = document.pages[0].text
    assert document.title == "AutoGen: Enabling Next-Gen LLM Applications via Multi-Agent Conversation"
    assert text.startswith(f"# {document.title}\n\nQingyun Wu")
    assert "\n\n# Introduction\n\nLarge language models (LLMs) are becoming" in text
    assert text.index("# Introduction") < text.index("\n13 | 14 | 49e168b7-d2ae-407f-a055-2167576f39a1 | 15")


def test_japanese_document() -> None:
    assert read(FIXTURES / "japanese.docx").title == "AIエージェントとRAGの統合"


def test_structure_in_reading_order(written: Callable[[Document], str]) -> None:
    document = docx.Document()
    document.add_heading("Guide", 0)
    document.add_paragraph("Before.")
    table = document.add_table(2, 2)
    for cell, text in zip([*table.rows[0].cells, *table.rows[1].cells], ["a", "b", "", "d"], strict=True):
        cell.text = text
    document.add_heading("Steps", 2)
    for step in ("one", "two"):
        document.add_paragraph(step, style="List Number")
    document.add_paragraph("dot", style="List Bullet")
    document.add_paragraph("# no heading")
    assert (
        written(document) == "# Guide\n\nBefore.\n\na | b\n | d\n\n## Steps\n\n1. one\n2. two\n- dot\n\n # no heading"
    )


def test_merged_cells_are_read_once(written: Callable[[Document], str]) -> None:
    document = docx.Document()
    table = document.add_table(1, 3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
    table.cell(0, 2).text = "last"
    assert written(document) == "wide | last"


def test_changes_hidden_text_and_content_controls(written: Callable[[Document], str]) -> None:
    document = docx.Document()
    document.add_paragraph("Hidden: ").add_run("secret").font.hidden = True
    changed = (
        "<w:p {ns}><w:r><w:t>kept </w:t></w:r><w:ins w:id='1' w:author='a'><w:r><w:t>added</w:t></w:r></w:ins>"
        "<w:del w:id='2' w:author='a'><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>"
    )
    control = "<w:sdt {ns}><w:sdtContent><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    for part in (changed, control):
        document.element.body.insert(-1, parse_xml(part.format(ns=nsdecls("w"))))
    assert written(document) == "Hidden:\n\nkept added\n\nin a control"


def test_footnotes_follow_the_text(written: Callable[[Document], str]) -> None:
    document = docx.Document()
    document.add_paragraph("The claim.")
    notes = (
        f"<w:footnotes {nsdecls('w')}><w:footnote w:type='separator' w:id='0'><w:p><w:r><w:t>-</w:t></w:r></w:p>"
        "</w:footnote><w:footnote w:id='1'><w:p><w:r><w:t>The proof.</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    part = Part(PackURI("/word/footnotes.xml"), media_type, notes.encode(), document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
    assert written(document) == "The claim.\n\nThe proof."


def test_pictures_stand_in_the_text(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Before.")
    document.add_picture(io.BytesIO(picture()))
    document.add_paragraph("Figure 1: the harvest", style="Caption")
    document.add_paragraph("Between.").add_run().add_picture(io.BytesIO(picture(seed=1)))
    document.inline_shapes[1]._inline.docPr.set("descr", "a map")
    table = document.add_table(1, 1)
    table.cell(0, 0).paragraphs[0].add_run("in a cell").add_picture(io.BytesIO(picture(seed=2)))
    document.add_picture(io.BytesIO(picture()))
    document.save(tmp_path / "a.docx")
    read_again = read(tmp_path / "a.docx")
    assert read_again.pages[0].text == (
        "Before.\n\n[Picture: Figure 1: the harvest]\n\nFigure 1: the harvest\n\nBetween.\n\n[Picture: a map]\n\n"
        "in a cell\n\n[Picture]"
    )
    assert [one.data for one in read_again.pictures] == [picture(), picture(seed=1), picture(seed=2)]
    one = read_again.pictures[1]
    assert (one.page, one.caption, one.box) == (0, "a map", None)
    assert read_again.pages[0].text[one.start : one.end] == "[Picture: a map]"


def test_truncated(tmp_path: Path) -> None:
    whole = (FIXTURES / "commented.docx").read_bytes()
    assert "cut short" in refusal(tmp_path / "a.docx", whole[: len(whole) // 2])


def test_damaged_inside(tmp_path: Path) -> None:
    data = bytearray((FIXTURES / "commented.docx").read_bytes())
    data[2000:4000] = bytes(2000)
    assert "is damaged" in refusal(tmp_path / "a.docx", bytes(data))


def test_other_archive(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert "is damaged or is no Word document" in refusal(tmp_path / "a.docx", packed.getvalue())
    assert "is damaged or is no Word document" in refusal(tmp_path / "b.docx", b"Just words.")


def test_bomb(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("word/document.xml", "w") as member,
    ):
        for _ in range(120):
            member.write(bytes(1_000_000))
    assert len(packed.getvalue()) < 1_000_000
    assert "unpacks to 120 MB" in refusal(tmp_path / "a.docx", packed.getvalue())
