"""ZIP archives, and the documents that are such: looked into without unpacking what could do harm.

Nothing is ever written to the disk; names are refused all the same, since somebody who packs such names means harm.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from posixpath import dirname, join, normpath
from zlib import error as ZlibError  # noqa: N812

from index.errors import UnreadableFile
from index.read.budget import Beside, Harmful, budget
from index.reasons import reason

MOST_UNPACKED = 500_000_000
"""Bytes that a document may unpack to."""
MOST_UNPACKED_TEXT = 100_000_000
"""Bytes that any one of its XML parts may unpack to; parsed, they take ten times as much."""
_BROKEN = "the archive is cut short or broken"
_DRIVE = re.compile(r"^[A-Za-z]:")
_LINK = 0o120000
_TYPE = 0o170000
# What systems and editors leave in archives that nobody packed on purpose.
_LITTER = re.compile(r"(?:^|/)(?:__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)")
_ENCRYPTED = 0x1


def members(data: bytes) -> frozenset[str]:
    """Returns the names in an archive; none where it is damaged."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return frozenset(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return frozenset()


def check_document(data: bytes) -> None:
    """Refuse before anything is unpacked; a member that holds more than it declares fails its checksum later.

    Raises:
        ValueError: It is no archive.
        UnreadableFile: It unpacks to more than a document needs.
    """
    with _opened(data) as archive:
        found = archive.infolist()
    total = sum(member.file_size for member in found)
    texts = (member.file_size for member in found if member.filename.endswith((".xml", ".rels")))
    if total > MOST_UNPACKED or max(texts, default=0) > MOST_UNPACKED_TEXT:
        raise Harmful(reason("bomb", size=total // 1_000_000))


class Archive:
    """A ZIP archive whose names are safe and whose members are counted against the budget.

    Raises:
        ValueError: It is no archive.
        UnreadableFile: It is protected, or made to do harm.
    """

    def __init__(self, data: bytes) -> None:
        self._zip = _opened(data)
        found = [member for member in self._zip.infolist() if not member.is_dir()]
        for member in found:
            _refuse_tricks(member)
        if found and all(member.flag_bits & _ENCRYPTED for member in found):
            raise UnreadableFile(reason("locked"))
        self._members = {member.filename: member for member in found}

    def names(self) -> Iterator[str]:
        """The files in it in the order of the archive, without what systems leave behind."""
        return (name for name in self._members if not _LITTER.search(name))

    def beside(self, member: str) -> Beside:
        """Finds what stands in the archive under a name that counts from a member's folder."""

        def find(name: str) -> bytes | None:
            try:
                return self.read(normpath(join(dirname(member), name)))
            except Harmful:
                raise
            except (KeyError, UnreadableFile):
                return None

        return find

    def read(self, name: str) -> bytes:
        """Unpacks a file.

        Raises:
            KeyError: There is none of this name.
            UnreadableFile: It is protected, damaged, or more than the budget allows.
        """
        member = self._members[name]
        budget().unpack(member.file_size)
        if member.flag_bits & _ENCRYPTED:
            raise UnreadableFile(reason("locked"))
        try:
            return self._zip.read(member)
        except (zipfile.BadZipFile, ZlibError, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise UnreadableFile(reason("broken_member", why=str(error))) from error


def _opened(data: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise ValueError(_BROKEN) from error


def _refuse_tricks(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename.replace("\\", "/")
    link = (member.external_attr >> 16) & _TYPE == _LINK
    if link or name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/") or "\x00" in name:
        raise Harmful(reason("outside", name=ascii(name[:80])))
