"""ZIP archives of files that can be read themselves; each becomes pages under its own name."""

from __future__ import annotations

from functools import partial

from index.errors import UnreadableFile
from index.read.archive import Archive
from index.read.budget import budget
from index.read.clean import not_headings
from index.read.parts import Parts
from index.reasons import Reason, reason
from index.types import Page, ReadDocument


def read_zip(data: bytes, name: str) -> ReadDocument:
    """Read an archive; its first page lists what is in it, the others are the pages of its files.

    Raises:
        UnreadableFile: It is damaged, locked, made to do harm, or nothing in it can be read.
    """
    archive, parts = Archive(data), Parts()
    for member in archive.names():
        parts.read(member, partial(_read_member, archive, member))
    if not parts.pages:
        raise UnreadableFile(_nothing(parts.listing))
    listing = not_headings("\n".join(f"- {line}" for line in parts.listing))
    contents = ReadDocument(name, "zip", (Page(None, f"# {name}\n\n{listing}"),))
    whole = Parts()
    whole.add(contents)
    whole.add(ReadDocument(name, "zip", tuple(parts.pages), tuple(parts.pictures)))
    return ReadDocument(name, "zip", tuple(whole.pages), tuple(whole.pictures))


def _read_member(archive: Archive, member: str) -> ReadDocument:
    from index.read.dispatch import read_data

    with budget().inside(archive.beside(member)):
        return read_data(archive.read(member), member)


def _nothing(listing: list[str]) -> Reason:
    if not listing:
        return reason("empty_archive")
    if len(listing) == 1:
        return reason("nothing_readable", first=listing[0])
    return reason("nothing_readable_more", first=listing[0], more=len(listing) - 1)
