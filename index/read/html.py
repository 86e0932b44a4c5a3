"""HTML: what a reader of the rendered page sees, as paragraphs, headings, list items and table rows."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PreformattedString

from index.read.budget import budget
from index.read.clean import CELL, clean, heading, not_headings, superscript, title_or
from index.read.decode import decode
from index.read.pictures import Gallery
from index.types import Page, ReadDocument

_DROPPED = frozenset((
    "head", "script", "style", "template", "noscript", "nav", "svg", "math", "canvas", "iframe", "object", "audio",
    "video", "map", "button", "select", "input", "textarea", "datalist", "dialog", "rp", "rt",
))  # fmt: skip
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "legend", "li", "main",
    "ol", "p", "section", "summary", "table", "td", "th", "ul",
))  # fmt: skip
# Their lines belong into one block.
_JOINED = frozenset(("tbody", "thead", "tfoot"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_UNSEEN_ROLES = frozenset(("navigation", "search", "menu", "menubar", "toolbar", "dialog", "alertdialog"))
_UNSEEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
# Wiki software prints these beside every heading and at the foot of every article.
_FURNITURE = frozenset(
    ("mw-editsection", "mw-jump-link", "navbox", "catlinks", "printfooter", "mw-portlet", "mw-cite-backlink")
)

_XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]+)""", re.IGNORECASE
)
_DECLARED_WITHIN = 4096
_DATA = re.compile(r"\s*data:image/[\w.+-]+(?:;[\w=.-]+)*?(?P<base64>;base64)?,", re.IGNORECASE)
_DEEPEST = 150
_MAIN_LENGTH = 200


def read_html(data: bytes, name: str) -> ReadDocument:
    """Read a web page; the title is its title element, else its first heading, else the file's name.

    Navigation, scripts, forms and whatever the page hides are left out; where the page says which part is
    its main content, only that is read.
    """
    soup, gallery = _soup(data), Gallery()
    title = soup.title.get_text() if soup.title else ""
    first = soup.find(["h1", "h2"])
    pages, pictures = gallery.settle([Page(None, _text(_main(soup), gallery))])
    return ReadDocument(title_or(title, title_or(first.get_text() if first else "", name)), "html", pages, pictures)


def read_into(data: bytes, gallery: Gallery) -> str:
    """The text of a page that is part of a document, with marks where the gallery has taken its pictures."""
    return _text(_soup(data), gallery)


def text_of(markup: str) -> str:
    """The text of a piece of markup, without its pictures."""
    return _text(BeautifulSoup(markup, "lxml"), None)


def _soup(data: bytes) -> BeautifulSoup:
    markup = _XML_DECLARATION.sub("", decode(data, _declared(data)))
    return BeautifulSoup(markup if "<" in markup else f"<p>{markup}", "lxml")


def _declared(data: bytes) -> str | None:
    found = _DECLARED.search(data[:_DECLARED_WITHIN])
    return found[1].decode("ascii") if found else None


def _main(soup: BeautifulSoup) -> Tag:
    main = soup.find("main") or soup.find(role="main")
    return main if main is not None and len(main.get_text(strip=True)) >= _MAIN_LENGTH else soup


def _text(root: Tag, gallery: Gallery | None) -> str:
    writer = _Writer(gallery)
    _children(root, writer, 0)
    writer.close()
    return clean("\n\n".join(writer.blocks))


class _Writer:
    """Collects running text into lines and lines into blocks, and pictures into a gallery where there is one."""

    def __init__(self, gallery: Gallery | None) -> None:
        self.gallery = gallery
        self.blocks: list[str] = []
        self._lines: list[str] = []
        self._running = ""

    def text(self, text: str) -> None:
        self._running += text

    def end_line(self) -> None:
        if line := " ".join(self._running.split()):
            self._lines.append(not_headings(line))
        self._running = ""

    def line(self, line: str) -> None:
        """Add a line as it is: a list item or a table's row."""
        self.end_line()
        self._lines.append(line)

    def close(self) -> None:
        """End the block: what follows is another paragraph."""
        self.end_line()
        if self._lines:
            self.blocks.append("\n".join(self._lines))
        self._lines = []

    def block(self, block: str) -> None:
        """Add a block as it is: a heading or preformatted text."""
        self.close()
        if block.strip():
            self.blocks.append(block.strip("\n"))


def _children(tag: Tag, writer: _Writer, depth: int) -> None:
    # Deeper than any page that is meant to be read, and not far from the interpreter's own limit.
    if depth > _DEEPEST:
        return
    for child in tag.children:
        if isinstance(child, Tag):
            if not _unseen(child):
                _element(child, writer, depth)
        elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
            writer.text(child)


def _unseen(tag: Tag) -> bool:
    classes = tag.get_attribute_list("class")
    return (
        tag.name in _DROPPED
        or tag.has_attr("hidden")
        or tag.get("aria-hidden") == "true"
        or tag.get("role") in _UNSEEN_ROLES
        or bool(_UNSEEN_STYLE.search(str(tag.get("style", ""))))
        or not _FURNITURE.isdisjoint(classes)
        or (tag.name == "sup" and "reference" in classes)
    )


def _element(tag: Tag, writer: _Writer, depth: int) -> None:
    if tag.name == "br":
        writer.end_line()
    elif tag.name == "sup":
        writer.text(superscript(tag.get_text()))
    elif tag.name in _HEADINGS:
        writer.block(_heading(tag, writer, depth))
    elif tag.name == "img":
        _picture(tag, writer)
    elif tag.name == "pre":
        writer.block(not_headings(clean(tag.get_text())))
    elif tag.name == "li":
        _item(tag, writer, depth)
    elif tag.name == "tr":
        _row(tag, writer, depth)
    elif tag.name in _JOINED:
        _children(tag, writer, depth + 1)
    elif tag.name in _BLOCKS:
        writer.close()
        _children(tag, writer, depth + 1)
        writer.close()
    else:
        _children(tag, writer, depth + 1)


def _heading(tag: Tag, writer: _Writer, depth: int) -> str:
    return heading(int(tag.name[1]), " ".join(_inner(tag, writer, depth)))


def _inner(tag: Tag, around: _Writer, depth: int) -> list[str]:
    writer = _Writer(around.gallery)
    _children(tag, writer, depth + 1)
    writer.close()
    return writer.blocks


def _picture(tag: Tag, writer: _Writer) -> None:
    data = _source(str(tag.get("src") or "")) if writer.gallery is not None else None
    if writer.gallery is not None and data:
        writer.block(writer.gallery.mark(data, _caption(tag)))


def _source(address: str) -> bytes | None:
    """A picture that the page carries itself or that stands beside it; nothing is ever fetched."""
    if found := _DATA.match(address):
        try:
            data = unquote_to_bytes(address[found.end() :])
            return base64.b64decode(data, validate=False) if found["base64"] else data
        except (ValueError, binascii.Error):
            return None
    parts = urlsplit(address) if not address.startswith("//") else None
    return budget().beside(unquote(parts.path)) if parts and not parts.scheme and parts.path else None


def _caption(tag: Tag) -> str:
    figure = tag.find_parent("figure")
    caption = figure.find("figcaption") if figure else None
    return caption.get_text(" ", strip=True) if caption else str(tag.get("alt") or tag.get("title") or "")


def _item(tag: Tag, writer: _Writer, depth: int) -> None:
    """One item on one line; an item that is a little page of its own, with headings or paragraphs, is read as that."""
    blocks = _inner(tag, writer, depth)
    if any(block.startswith("#") for block in blocks) or (tag.find(["p", "table", "pre"]) and len(blocks) > 1):
        for block in blocks:
            writer.block(block)
    elif blocks:
        writer.line(_marker(tag) + "\n".join(blocks).replace("\n", "\n  "))


def _marker(tag: Tag) -> str:
    if tag.parent is None or tag.parent.name != "ol":
        return "- "
    start = str(tag.parent.get("start", "1"))
    before = len(tag.find_previous_siblings("li"))
    return f"{(int(start) if start.isdecimal() else 1) + before}. "


def _row(tag: Tag, writer: _Writer, depth: int) -> None:
    """The cells on one line; a row that only lays the page out, as old pages and e-mails do, is no row."""
    if tag.find(["table", "tr", *_HEADINGS]):
        _children(tag, writer, depth + 1)
        return
    cells = [_cell(cell, writer, depth) for cell in tag.find_all(["td", "th"]) if not _unseen(cell)]
    if any(cells):
        writer.line(CELL.join(cells).rstrip(" |"))


def _cell(tag: Tag, writer: _Writer, depth: int) -> str:
    lines = (line for block in _inner(tag, writer, depth) for line in block.split("\n"))
    listed = "; " if tag.find("li") else " "
    return listed.join(" ".join(line.removeprefix("- ").split()) for line in lines)
