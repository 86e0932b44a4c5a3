"""From a kernel's messages to what the model reads and the files that the person gets."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any

from .limits import Limits

# Best first: the first kind that a displayed object has becomes its file.
KINDS = {
    "image/png": ("picture", ".png"),
    "image/jpeg": ("picture", ".jpg"),
    "image/svg+xml": ("picture", ".svg"),
    "application/vnd.plotly.v1+json": ("plot", ".plotly.json"),
    "text/csv": ("table", ".csv"),
    "application/pdf": ("document", ".pdf"),
}
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
OVERWRITTEN = re.compile(r"^.*\r(?!\n|$)", re.M)


@dataclass(frozen=True, slots=True)
class Picture:
    """A displayed object as a file."""

    name: str
    data: bytes
    media_type: str


@dataclass(slots=True)
class Transcript:
    """What one call printed, showed and returned.

    Attributes:
        limits: How much of it is kept.
        printed: Standard output, standard error and displayed texts, in order.
        characters: Their number, those past the limit included.
        value: The last expression; empty where there is none.
        error: The traceback; empty where nothing was raised.
        pictures: Displayed objects that are files.
        left_out: Displayed objects past the limits.
    """

    limits: Limits
    printed: list[str] = field(default_factory=list)
    characters: int = 0
    value: str = ""
    error: str = ""
    pictures: list[Picture] = field(default_factory=list)
    left_out: int = 0

    def add(self, message: dict[str, Any]) -> str:
        """Takes in a message.

        Returns:
            The text that it printed.

        Raises:
            KeyError, TypeError, AttributeError, ValueError: No kernel sends such a message.
        """
        content = message["content"]
        match message["msg_type"]:
            case "stream":
                return self._print(plain(content["text"]))
            case "display_data" | "update_display_data":
                return self._print(self._show(content["data"]) + "\n")
            case "execute_result":
                self.value = self._show(content["data"])
            case "execute_reply" if content["status"] != "ok":
                trace = plain("\n".join(content.get("traceback") or [f"{content['ename']}: {content['evalue']}"]))
                self.error = shorten(trace, self.limits.shown_characters)
        return ""

    def text(self) -> str:
        """Returns what was printed, shortened for the model."""
        return shorten(settled("".join(self.printed)).rstrip("\n"), self.limits.shown_characters)

    def _print(self, text: str) -> str:
        # The streams are cut inside already; displayed texts are not, and the cutting may have been tampered with.
        room = 2 * self.limits.output_characters - self.characters
        self.printed.append(text[:room] if room > 0 else "")
        self.characters += len(text)
        return text

    def _show(self, data: dict[str, Any]) -> str:
        text = plain(data.get("text/plain", ""))
        kind = next((kind for kind in KINDS if kind in data), None)
        if kind is None:
            return shorten(text, self.limits.shown_characters)
        stem, suffix = KINDS[kind]
        content = _bytes(kind, data[kind])
        kept = sum(len(picture.data) for picture in self.pictures) + len(content)
        if len(self.pictures) >= self.limits.files or kept > self.limits.returned_bytes:
            self.left_out += 1
        else:
            self.pictures.append(Picture(stem + suffix, content, kind))
        # The description of a plot is the plot itself; the model needs to know that it was shown.
        return shorten(text, self.limits.shown_characters // 4)


def plain(text: Any) -> str:
    """Returns text without colours.

    Raises:
        TypeError: It is no text.
    """
    return ESCAPES.sub("", text)


def settled(text: str) -> str:
    """Returns text as a terminal would show it in the end: without the steps that a progress bar has overwritten."""
    return OVERWRITTEN.sub("", text)


def shorten(text: str, length: int) -> str:
    """Cuts the middle out of a long text."""
    if len(text) <= length:
        return text
    tail = length // 4
    left_out = len(text) - length
    return f"{text[: length - tail]}\n[… {left_out:,} characters left out …]\n{text[-tail:]}"


def _bytes(kind: str, value: Any) -> bytes:
    if kind.endswith("json"):
        return json.dumps(value).encode()
    if kind.startswith("text/") or kind.endswith("xml"):
        return str(value).encode(errors="replace")
    try:
        return base64.b64decode(value)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
