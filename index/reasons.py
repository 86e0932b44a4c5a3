"""Why a file cannot be read: by code, so that it can be said in other languages too."""

from __future__ import annotations

import json
from collections.abc import Mapping

Values = Mapping[str, str | int | float]

TEXTS = {
    "empty": "is empty (0 bytes); there is nothing in it to index",
    "no_text": "holds no text; there is nothing in it to index",
    "no_file": "there is no such file; check the path",
    "not_allowed": "may not be read by this user; change its permissions or copy it",
    "disk": "cannot be read from the disk ({why}); check the path and the disk",
    "folder": "is a folder, not a file; name the files in it",
    "device": "is not an ordinary file but a device, pipe or socket; copy its content into a file",
    "large": "is too large ({size} MB, at most {most} MB are read); split it into smaller files",
    "kind": "is of a kind that cannot be read ({suffix}); these can: {kinds}",
    "open_document": "is an OpenDocument file; save it as .docx, .xlsx, .pptx or .pdf",
    "binary_workbook": "is a binary Excel workbook; save it as .xlsx",
    "old_office": "is an old Office file or protected by a password; "
    "open it in {program} and save it as {suffix} without a password",
    "outlook": "is an Outlook message; open it in Outlook and save it as .eml, or print it into a PDF",
    "rich_text": "is a rich text file; save it as .docx or .pdf",
    "packed": "is a {kind} archive; unpack it or pack it as .zip",
    "gzip": "is packed by gzip; unpack it first",
    "binary": "holds binary data, not text; save it as one of the kinds that can be read",
    "encoding": "its text is in an encoding that could not be recognised; save it as UTF-8",
    "bomb": "unpacks to {size} MB, far more than a document needs; it may be made to do harm and is not opened",
    "bomb_files": "unpacks to far more than a document needs (over {most} files); "
    "it may be made to do harm and is not opened",
    "bomb_size": "unpacks to far more than a document needs (over {most} MB); "
    "it may be made to do harm and is not opened",
    "outside": "holds an entry whose path leads out of the archive ({name}); "
    "it may be made to do harm and is not opened",
    "locked": "is protected by a password; pack it again without one",
    "broken_member": "is damaged ({why}); pack it again",
    "deep": "stands in more than {most} archives or messages; take it out and add it by itself",
    "empty_archive": "is an archive with nothing in it to index",
    "nothing_readable": "holds nothing that can be read: {first}",
    "nothing_readable_more": "holds nothing that can be read: {first} and {more} more files",
    "drm": "is protected against copying (DRM); only the reading program that it was bought for can open it",
    "encrypted": "is encrypted and opens only with a password; save a copy without the password and add that",
    "scanned": "is scanned: {seconds} s were not enough to recognise more than {page} of its {pages} pages; "
    "split it into smaller files and add those",
    "many_pictures": "holds {frames} pictures, at most {most} are read; split it into smaller files",
    "slow_pictures": "holds {frames} pictures, of which {done} could be recognised within {seconds} s; "
    "split it into smaller files",
    "no_page": "has no page {page}",
    "not_drawn": "is of a kind whose pages cannot be drawn",
    "slow": "took longer than {seconds} s to read; "
    "split it into smaller files, or add it again when the machine is less busy",
    "memory": "needs more than {megabytes} MB of memory to be read; split it into smaller files",
    "died": "made its reader stop ({how}); save it anew or in another format",
    "failed": "could not be read ({how}); save it anew or in another format",
    "much": "holds {size} MB of text and pictures, at most {most} MB are taken; split it into smaller files",
    "name": "has a name that is not valid UTF-8; rename it",
    "not_searched": "may not be searched ({why}); change its permissions",
}
"""By code; that of a damaged file is ``damaged_`` and its kind, whose text the format has."""


class Reason(str):
    """One line for a person that says why, and how it can be said elsewhere.

    Attributes:
        code: Of a text; empty where there is none but this one.
        values: What stands in its places.
    """

    code: str
    values: Values

    def __new__(cls, text: str, code: str = "", values: Values | None = None) -> Reason:
        """Makes it of its text."""
        made = super().__new__(cls, text)
        made.code, made.values = code, values or {}
        return made

    def to_json(self) -> str:
        """Returns it as ``reason_from`` reads it."""
        return json.dumps([str(self), self.code, dict(self.values)])


def reason(code: str, **values: str | float) -> Reason:
    """Returns a reason in English.

    Args:
        code: Of one of ``TEXTS``.
        **values: What stands in its places.
    """
    return Reason(TEXTS[code].format(**{name: written(value) for name, value in values.items()}), code, values)


def written(value: str | float) -> str:
    """Returns a value as it stands in a text: with commas between thousands, and one digit after the point at most."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if round(value, 1) == round(value) else f"{value:,.1f}"


def reason_from(line: str) -> Reason:
    """Reads what ``Reason.to_json`` gave; any other text is a reason without a code."""
    try:
        text, code, values = json.loads(line)
        sound = isinstance(text, str) and isinstance(code, str) and isinstance(values, dict)
    except (ValueError, TypeError):
        sound = False
    if not sound:
        return Reason(line)
    return Reason(
        text, code, {str(key): value for key, value in values.items() if isinstance(value, str | int | float)}
    )
