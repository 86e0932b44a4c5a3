"""From bytes in an unknown encoding to text, or a refusal where the bytes are no text."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import CharsetMatch, from_bytes

from index.errors import UnreadableFile
from index.reasons import reason

# Detection reads this much; a longer look costs seconds and changes nothing.
_SAMPLE = 256 * 1024
_MOST_CONTROLS = 0.005
_COHERENCE_MARGIN = 0.05
_GOOD_FOR_BAD = 5
_IN_WIDE_USE = (
    "cp1252", "iso8859_15", "cp1250", "iso8859_2", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256",
    "mac_roman", "cp932", "euc_jp", "gb18030", "big5", "cp949",
)  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes, declared: str | None = None) -> str:
    """Decode by byte order mark, then as UTF-8, then as declared, then by what the bytes look like.

    Args:
        data: The file's bytes.
        declared: The encoding that the file itself names, if it names one.

    Raises:
        UnreadableFile: The bytes are no text, or in an encoding that cannot be told.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _checked(_try(data, encoding))
    # A declaration may be left over from a template; bytes that are valid UTF-8 hardly ever are anything else.
    for candidate in ("utf-8", _utf16_without_mark(data), declared):
        text = _try(data, candidate) if candidate else None
        if text is not None and "\x00" not in text:
            return _checked(text)
    return _checked(_damaged_utf8(data) or _try(data, _detected(data)))


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _damaged_utf8(data: bytes) -> str | None:
    """A few bad bytes in a file that is UTF-8 otherwise must not turn the rest of it into gibberish."""
    text = data.decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = len(text) - len(text.encode("ascii", errors="ignore")) - bad
    return text if bad * _GOOD_FOR_BAD <= good else None


def _checked(text: str | None) -> str:
    if text is None:
        raise UnreadableFile(reason("encoding"))
    if len(_CONTROL.findall(text[:_SAMPLE])) > _MOST_CONTROLS * len(text[:_SAMPLE]):
        raise UnreadableFile(reason("binary"))
    return text


def _utf16_without_mark(data: bytes) -> str | None:
    """Western text in UTF-16 has a zero in nearly every second byte, always on the same side."""
    sample = data[:4096]
    if len(data) % 2 or b"\x00" not in sample:
        return None
    half = len(sample) / 2
    if sample[1::2].count(0) > 0.7 * half and sample[0::2].count(0) < 0.05 * half:
        return "utf-16-le"
    if sample[0::2].count(0) > 0.7 * half and sample[1::2].count(0) < 0.05 * half:
        return "utf-16-be"
    return None


def _detected(data: bytes) -> str:
    """The likeliest of the encodings in wide use; Western European where it is as likely as the best.

    Short texts with few accents fit many code pages equally well, and the detector breaks the tie by the alphabet.
    """
    sample = data[:_SAMPLE]
    if b"\x00" in sample:
        raise UnreadableFile(reason("binary"))
    best = from_bytes(sample, cp_isolation=list(_IN_WIDE_USE)).best()
    western = from_bytes(sample, cp_isolation=["cp1252"]).best()
    if western and (best is None or _as_likely(western, best)):
        return western.encoding
    if best is None:
        raise UnreadableFile(reason("encoding"))
    return best.encoding


def _as_likely(one: CharsetMatch, other: CharsetMatch) -> bool:
    return one.chaos <= other.chaos and one.coherence >= other.coherence - _COHERENCE_MARGIN
