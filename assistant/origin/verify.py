"""Tells where a picture comes from, and whether it was altered since."""

from __future__ import annotations

import errno
import json
import logging
import mmap
import warnings
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from assistant.origin.made import LABEL

State = Literal["signed", "altered", "watermark", "nothing"]
# Whether somebody vouches for the signer is another question than whether the picture is as it was signed.
UNKNOWN_SIGNER = "signingCredential.untrusted"
UNREADABLE = "manifest.unreadable"
TOO_LARGE, MOST_PIXELS = "watermark.tooManyPixels", 50_000_000  # a small file may hold a picture that fills the memory
PNG, MARK = b"\x89PNG\r\n\x1a\n", b"c2pa.claim"
# Every manifest has one of these: its own name, and that of the boxes that hold it.
MARKS = (b"c2pa", b"jumb")
# Others, such as EPS, have Pillow start programs.
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF")
log = logging.getLogger(__name__)
SAID: dict[State, str] = {
    "signed": "signed, and unaltered since",
    "altered": "altered after it was signed",
    "watermark": "the invisible mark of a picture that an Assistant made, but nothing signed: its origin was stripped",
    "nothing": "no origin in it: it may have been made by anybody, or stripped",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a picture's origin.

    Attributes:
        state: ``signed`` and unaltered, ``altered`` since, the invisible ``watermark`` only, or ``nothing`` is in it.
        signer: Whom the certificate names.
        known: Whether somebody on a list of trusted ones vouches for the signer.
        time: When it was made, as it tells.
        made: How it was made, as it tells: tool, model, seed and so on.
        ingredients: Names of the pictures that it was made from.
        reasons: What does not fit, in C2PA's own words, or why no watermark was looked for.
    """

    state: State
    signer: str = ""
    known: bool = False
    time: str = ""
    made: dict[str, Any] | None = None
    ingredients: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """In a few words."""
        return SAID[self.state]


def verify(path: Path) -> Verdict:
    """Reads a picture's origin.

    Args:
        path: A file of any kind; what cannot hold an origin has none.

    Raises:
        OSError: It cannot be read.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no file", str(path))  # to read a pipe or a device may never end
    with path.open("rb") as file:
        if not path.stat().st_size:
            return Verdict("nothing")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            # Most pictures have nothing, for which the library need not be loaded.
            told = _manifest(path, data) if any(data.find(mark) >= 0 for mark in MARKS) else Verdict("nothing")
    return _looked(path) if told.state == "nothing" else told


def _manifest(path: Path, data: mmap.mmap) -> Verdict:
    """Reads what is signed into a file; what names a manifest and yet holds none that can be read was one."""
    import c2pa

    if data[: len(PNG)] == PNG and not _made_of_pieces(data):
        # Each twelve bytes of what is no piece would be taken for one, in gigabytes of them.
        return Verdict("altered", reasons=(UNREADABLE,)) if data.find(MARK) >= 0 else Verdict("nothing")
    try:
        with c2pa.Reader(str(path)) as reader:
            verdict = _verdict(json.loads(reader.json()))
    except (c2pa.C2paError, LookupError, TypeError, ValueError):
        log.info("no manifest can be read from %s", path, exc_info=True)
        return Verdict("altered", reasons=(UNREADABLE,)) if data.find(MARK) >= 0 else Verdict("nothing")
    if data[: len(PNG)] == PNG and not _whole(data):
        return replace(verdict, state="altered", reasons=(*verdict.reasons, "png.crc.mismatch"))
    return verdict


def _looked(path: Path) -> Verdict:
    """Looks for the watermark in a file that holds nothing signed."""
    from PIL import Image

    from assistant.origin.watermark import is_marked

    Image.init()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # its size is looked at here
            with Image.open(path, formats=[each for each in FORMATS if each in Image.OPEN]) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    return Verdict("nothing", reasons=(TOO_LARGE,))
                return Verdict("watermark" if is_marked(picture) else "nothing")
    except Image.DecompressionBombError:
        return Verdict("nothing", reasons=(TOO_LARGE,))
    except Exception:  # whatever a damaged picture makes its decoder raise
        log.info("no picture can be read from %s", path, exc_info=True)
        return Verdict("nothing")


def _made_of_pieces(data: mmap.mmap) -> bool:
    """Whether a PNG file is one piece after the other, each with a name, as far as it goes."""
    at = len(PNG)
    while at + 12 <= len(data):
        if not data[at + 4 : at + 8].isalpha():
            return False
        at += 12 + int.from_bytes(data[at : at + 4])
    return True


def _whole(data: mmap.mmap) -> bool:
    """Whether each piece of a PNG file is as it was written.

    The hash in a manifest leaves out the piece that holds the manifest, which has some room that nothing covers.
    """
    at = len(PNG)
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        kind_and_body, told = data[at + 4 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        if zlib.crc32(kind_and_body) != int.from_bytes(told):
            return False
        at += 12 + length
    return at == len(data)


def _verdict(told: dict[str, Any]) -> Verdict:
    active = told["manifests"][told["active_manifest"]]
    reasons = tuple(each["code"] for each in told.get("validation_status", []))
    wrong = tuple(reason for reason in reasons if reason != UNKNOWN_SIGNER)
    assertions = {each["label"]: each["data"] for each in active.get("assertions", [])}
    actions: dict[str, Any] = next(
        (data for label, data in assertions.items() if label.startswith("c2pa.actions")), {"actions": []}
    )
    return Verdict(
        "altered" if wrong else "signed",
        active.get("signature_info", {}).get("common_name", "") or active.get("signature_info", {}).get("issuer", ""),
        UNKNOWN_SIGNER not in reasons,
        next((each["when"] for each in actions["actions"] if "when" in each), ""),
        assertions.get(LABEL),
        tuple(each.get("title", "") for each in active.get("ingredients", [])),
        wrong,
    )
