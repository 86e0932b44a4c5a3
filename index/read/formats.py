"""The kinds of files that can be read, and what is said of those that cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from index.reasons import Reason, reason
from index.types import ReadDocument

MEGABYTE = 1_000_000
Reader = Callable[[bytes, str], ReadDocument]


@dataclass(frozen=True, slots=True)
class Format:
    """A family of files that one reader takes.

    Attributes:
        kind: The short name that documents carry.
        label: The name for a person.
        suffixes: How such files end, in lower case.
        limit: The largest file that is read, in bytes.
        noun: What a damaged one is called.
        remedy: What to do about a damaged one.
        module: Where its reader is; empty where that is called like the kind.
    """

    kind: str
    label: str
    suffixes: tuple[str, ...]
    limit: int
    noun: str
    remedy: str = "save it anew or in another format"
    module: str = ""

    def reader(self) -> Reader:
        """Import the reader, and the library behind it, only when a file needs it."""
        reader: Reader = getattr(import_module(f"index.read.{self.module or self.kind}"), f"read_{self.kind}")
        return reader

    def damaged(self, why: str) -> Reason:
        """What is said of a file that its reader cannot make sense of."""
        text = f"is damaged or is no {self.noun} ({why}); {self.remedy}"
        return Reason(text, f"damaged_{self.kind}", {"why": why})


_CODE = """
    .py .pyi .pyx .js .mjs .cjs .jsx .ts .tsx .vue .svelte .java .kt .kts .scala .groovy .c .h .cc .cpp .cxx .hh .hpp
    .hxx .cu .cuh .m .mm .cs .fs .fsx .vb .go .rs .swift .zig .nim .d .rb .php .pl .pm .lua .r .jl .hs .ml .mli .clj
    .cljs .ex .exs .erl .hrl .lisp .el .scm .sh .bash .zsh .fish .ps1 .bat .cmd .awk .sql .graphql .proto .thrift .css
    .scss .sass .less .json .jsonl .ndjson .json5 .yaml .yml .toml .ini .cfg .conf .properties .env .xml .xsd .xsl .rss
    .atom .gradle .cmake .mk .make .dockerfile .tf .hcl .nix .tex .bib .sty .cls .v .sv .vhd .vhdl .asm .s .f .f90 .f95
    .for .pas .ada .adb .ads .cob .cbl .diff .patch .in .gitignore .po .dart .sol .wat .tcl
"""
FORMATS = (
    Format("markdown", "Markdown", (".md", ".markdown", ".mdown", ".mkd"), 50 * MEGABYTE, "Markdown file"),
    Format("text", "plain text", (".txt", ".text", ".rst", ".log", ".org", ".adoc"), 50 * MEGABYTE, "text"),
    Format("html", "HTML", (".html", ".htm", ".xhtml"), 20 * MEGABYTE, "web page"),
    Format("pdf", "PDF", (".pdf",), 200 * MEGABYTE, "PDF", "open it in a viewer and save it again"),
    Format(
        "docx",
        "Word",
        (".docx", ".docm", ".dotx"),
        200 * MEGABYTE,
        "Word document",
        "open it in Word and save it again",
    ),
    Format(
        "pptx",
        "PowerPoint",
        (".pptx", ".pptm", ".ppsx"),
        200 * MEGABYTE,
        "PowerPoint presentation",
        "open it in PowerPoint and save it again",
    ),
    Format(
        "xlsx",
        "Excel",
        (".xlsx", ".xlsm"),
        100 * MEGABYTE,
        "Excel workbook",
        "open it in Excel and save it again",
        "sheet",
    ),
    Format("csv", "CSV", (".csv", ".tsv", ".tab"), 50 * MEGABYTE, "table", module="sheet"),
    Format("epub", "EPUB", (".epub",), 200 * MEGABYTE, "EPUB book"),
    Format("mail", "e-mail", (".eml",), 100 * MEGABYTE, "e-mail", "save it anew from the mail program"),
    Format(
        "notebook", "Jupyter notebooks", (".ipynb",), 100 * MEGABYTE, "notebook", "open it in Jupyter and save it again"
    ),
    Format("code", "source code", tuple(_CODE.split()), 20 * MEGABYTE, "source code"),
    Format(
        "picture",
        "pictures",
        (".png", ".jpg", ".jpeg", ".jpe", ".webp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".bmp"),
        100 * MEGABYTE,
        "picture",
        "open it in a picture program and save it as PNG or JPEG",
    ),
    Format("zip", "ZIP", (".zip",), 200 * MEGABYTE, "ZIP archive", "pack it again"),
)
BY_KIND = {form.kind: form for form in FORMATS}
BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}
SUFFIXES: frozenset[str] = frozenset(BY_SUFFIX)
"""How the files end that can be indexed, in lower case with the dot."""
LARGEST = max(form.limit for form in FORMATS)


def _old_office(program: str, suffix: str) -> Reason:
    return reason("old_office", program=program, suffix=suffix)


_OLD_OFFICE = {
    ".xls": _old_office("Excel", ".xlsx"),
    ".xlsx": _old_office("Excel", ".xlsx"),
    ".ppt": _old_office("PowerPoint", ".pptx"),
    ".pptx": _old_office("PowerPoint", ".pptx"),
    ".msg": reason("outlook"),
}
# What a file that is none of ours starts with, and what to say about it.
_STRANGERS = {
    b"{\\rtf": reason("rich_text"),
    b"7z\xbc\xaf\x27\x1c": reason("packed", kind="7-Zip"),
    b"Rar!\x1a\x07": reason("packed", kind="RAR"),
    b"\x1f\x8b": reason("gzip"),
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def stranger(data: bytes, suffix: str) -> Reason | None:
    """What to say of a file that looks like one of a kind that cannot be read, None for any other."""
    if data.startswith(_OLE):
        return _OLD_OFFICE.get(suffix, _old_office("Word", ".docx"))
    return next((strange for start, strange in _STRANGERS.items() if data.startswith(start)), None)


def kinds() -> str:
    """What can be read, for a person."""
    return ", ".join(
        form.label if form.kind == "code" else f"{form.label} ({' '.join(form.suffixes)})" for form in FORMATS
    )


_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
_IN_BOXES = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftypavif")


def is_picture(data: bytes) -> bool:
    """Whether a file begins as pictures do."""
    boxed = data[4:12] in _IN_BOXES or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
    return data.startswith(_PICTURES) or boxed
