"""A conversation as a PDF, set with ReportLab in the DejaVu fonts that Matplotlib ships."""

from __future__ import annotations

import io
from functools import cache
from html import escape
from pathlib import Path

from markdown_it.token import Token
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Image, Paragraph, Preformatted, SimpleDocTemplate, Spacer, Table

from assistant.conversations import Turn
from assistant.export import Exported, answer_text, call_line, calls, citations, place
from assistant.markdown import tokens_of

FONTS = {"Text": "DejaVuSans.ttf", "Text-Bold": "DejaVuSans-Bold.ttf", "Text-Mono": "DejaVuSansMono.ttf"}
MARGIN = 20 * mm
WIDTH = A4[0] - 2 * MARGIN
HIGHEST = 200 * mm
GREY, TEAL, AMBER = HexColor("#475569"), HexColor("#0f766e"), HexColor("#b45309")
LONGEST_LINE = 92


def to_pdf(conversation: Exported) -> bytes:
    """Returns a PDF; its text can be selected and searched."""
    _fonts()
    out = io.BytesIO()
    edges = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), MARGIN)
    page = SimpleDocTemplate(out, pagesize=A4, title=conversation.title, creator="Assistant", **edges)
    flow: list[Flowable] = [Paragraph(escape(conversation.title), _style("title"))]
    for turn in conversation.turns:
        flow += _turn(conversation, turn)
    page.build(flow)
    return out.getvalue()


@cache
def _fonts() -> None:
    import matplotlib as mpl

    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name, file in FONTS.items():
        pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    pdfmetrics.registerFontFamily("Text", normal="Text", bold="Text-Bold", italic="Text", boldItalic="Text-Bold")


@cache
def _style(name: str) -> ParagraphStyle:
    plain = ParagraphStyle("text", fontName="Text", fontSize=10, leading=15, spaceAfter=6)
    return {
        "text": plain,
        "title": ParagraphStyle("title", plain, fontName="Text-Bold", fontSize=17, leading=22, spaceAfter=10),
        "question": ParagraphStyle(
            "question",
            plain,
            fontName="Text-Bold",
            fontSize=11,
            backColor=HexColor("#f1f5f9"),
            borderPadding=5,
            spaceBefore=14,
            spaceAfter=10,
        ),
        "heading": ParagraphStyle("heading", plain, fontName="Text-Bold", fontSize=11.5, spaceBefore=6),
        "item": ParagraphStyle("item", plain, leftIndent=14, bulletIndent=4, spaceAfter=3),
        "source": ParagraphStyle("source", plain, fontSize=8.5, leading=12, textColor=GREY, leftIndent=10),
        "doubt": ParagraphStyle("doubt", plain, fontSize=8.5, leading=12, textColor=AMBER, leftIndent=10),
        "code": ParagraphStyle("code", plain, fontName="Text-Mono", fontSize=8, leading=11, leftIndent=6),
    }[name]


def _turn(conversation: Exported, turn: Turn) -> list[Flowable]:
    flow: list[Flowable] = [Paragraph(_lines(turn.question), _style("question"))]
    flow += [Paragraph(_lines(line), _style("source")) for line in conversation.thoughts(turn).splitlines()]
    flow += _blocks(tokens_of(answer_text(turn)))
    flow += [_picture(path) for path in conversation.pictures(turn)]
    for row in citations(turn):
        head = f'<font color="{TEAL.hexval().replace("0x", "#")}">[{row["n"]}]</font> {escape(place(row))}: '
        flow.append(Paragraph(f"{head}“{_lines(row['quote'])}”", _style("source")))
    for each in (turn.result or {}).get("unsupported", []):
        flow.append(Paragraph(f"No source was found for: {_lines(each)}", _style("doubt")))
    flow += [Paragraph(escape(call_line(row)), _style("source")) for row in calls(turn)]
    return [*flow, Spacer(1, 4)]


def _blocks(tokens: list[Token]) -> list[Flowable]:
    """Sets the blocks of a Markdown text; what is nested in a list stays on its level."""
    flow: list[Flowable] = []
    style, bullet, rows = "text", "", []  # type: ignore[var-annotated]
    for token in tokens:
        match token.type:
            case "heading_open":
                style = "heading"
            case "heading_close" | "list_item_close":
                style, bullet = "text", ""
            case "list_item_open":
                style, bullet = "item", f"{token.info}." if token.info else "•"
            case "table_open":
                rows = []
            case "tr_open":
                rows.append([])
            case "table_close":
                flow.append(_table(rows))
                rows = []
            case "inline" if rows:
                rows[-1].append(Paragraph(_inline(token), _style("source")))
            case "inline":
                flow.append(Paragraph(_inline(token), _style(style), bulletText=bullet or None))
                bullet = ""
            case "fence" | "code_block":
                flow.append(Preformatted(token.content.rstrip(), _style("code"), maxLineLength=LONGEST_LINE))
                flow.append(Spacer(1, 6))
    return flow


def _inline(token: Token) -> str:
    tags = {"strong_open": "<b>", "strong_close": "</b>", "softbreak": " ", "hardbreak": "<br/>"}
    parts = []
    for child in token.children or []:
        if child.type == "code_inline":
            parts.append(f'<font name="Text-Mono" size="9">{escape(child.content)}</font>')
        else:
            parts.append(tags.get(child.type, escape(child.content)))
    return "".join(parts)


def _table(rows: list[list[Flowable]]) -> Flowable:
    width = max(map(len, rows), default=1)
    table = Table([row + [""] * (width - len(row)) for row in rows], colWidths=[WIDTH / width] * width)
    table.setStyle([("GRID", (0, 0), (-1, -1), 0.5, HexColor("#cbd5e1")), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    return table


def _picture(path: Path) -> Flowable:
    width, height = ImageReader(str(path)).getSize()
    scale = min(1.0, WIDTH / width, HIGHEST / height)
    return Image(str(path), width * scale, height * scale)


def _lines(text: str) -> str:
    return escape(str(text)).replace("\n", "<br/>")
