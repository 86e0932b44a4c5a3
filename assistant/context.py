"""``Context``: what a tool is served with beside its arguments."""

from __future__ import annotations

import csv
import io
import mimetypes
import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assistant.events import Artifact
from assistant.origin.made import Made
from assistant.within import file_within
from index.filter import Filter
from index.types import Document, DocumentHit, Hit, Passage
from index.types import Picture as StoredPicture

if TYPE_CHECKING:
    from PIL.Image import Image

PLOTLY, PLOTLY_ENDING = "application/vnd.plotly.v1+json", ".plotly.json"
# A tool that reports more often than this would only fill the queue: nobody can read it.
SECONDS_BETWEEN_REPORTS = 0.05
LONGEST_NAME, LONGEST_ENDING = 180, 20


class LibraryView(Protocol):
    """The part of the library that a tool may use."""

    def search(self, query: str, k: int = 6, only: Filter | None = None) -> list[Hit]:
        """Returns at most ``k`` passages, best first."""
        ...

    def search_pictures(
        self, query: str = "", k: int = 6, only: Filter | None = None, like: Path | None = None
    ) -> list[Hit]:
        """Returns at most ``k`` passages with pictures that fit words, the picture in a file, or both, best first."""
        ...

    def picture_note(self) -> str:
        """Returns what a person has to know about searches for pictures; empty where nothing."""
        ...

    def loaded_picture(self, id: int) -> tuple[StoredPicture, bytes]:
        """Returns a picture with its bytes.

        Raises:
            UnknownDocument: There is none of this id.
        """
        ...

    def documents(self) -> list[Document]:
        """Returns every document in the library."""
        ...

    def documents_about(self, query: str, only: Filter | None = None) -> list[DocumentHit]:
        """Returns the documents that are about something, best first, each with its best passages."""
        ...

    def search_each(
        self, things: Sequence[str], query: str = "", k: int = 3, only: Filter | None = None
    ) -> list[list[Hit]]:
        """Returns at most ``k`` passages on each of some things: documents by name, or anything in words."""
        ...

    def neighbours(self, passage: int, before: int = 1, after: int = 1) -> list[Passage]:
        """Returns a passage with those around it in its document, in reading order."""
        ...


class Picture(Protocol):
    """A picture as Pillow has it."""

    def save(self, fp: io.BytesIO, format: str) -> None:
        """Writes the encoded picture."""
        ...


def _cut(name: str, size: int) -> str:
    return name.encode()[:size].decode(errors="ignore")


def _no_secret(name: str) -> str:
    raise KeyError(name)


@dataclass(slots=True)
class Context:
    """What a tool may use beside its arguments, made anew for each call.

    Attributes:
        library: The documents, to search and list.
        cite: Gives a passage its number in this conversation; a text quotes it as ``[n]``.
        folder: The conversation's own folder: files that the person gave and tools made, and room to write.
        passages: How many passages the settings want of a search.
        settings: The tool's own, from ``tools.settings`` of the configuration: an instance of the model that the tool
            declares, else a mapping.
        random: Randomness that a test can fix.
        now: The time, UTC, which a test can fix.
        report: Receives ``(fraction, message)``; use ``progress``.
        artifacts: What was saved in this call.
        secrets: Looks up a secret; use ``secret``.
        show: Receives pictures of what is being made; use ``preview``.
        sign: Puts its origin into a PNG file's bytes; use ``save_made``.
    """

    library: LibraryView
    cite: Callable[[Hit], int]
    folder: Path
    passages: int = 6
    settings: Any = field(default_factory=dict)
    random: random.Random = field(default_factory=random.Random)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    report: Callable[[float | None, str], None] = lambda fraction, message: None
    artifacts: list[Artifact] = field(default_factory=list)
    show: Callable[[bytes], None] = lambda data: None
    secrets: Callable[[str], str] = _no_secret
    sign: Callable[[bytes, str, Made], bytes] = lambda data, name, made: data
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _reported: float = 0.0

    @property
    def cancelled(self) -> bool:
        """Whether the call was stopped or timed out; a long loop should look now and then and return."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Asks the tool to stop; called by the assistant."""
        self._cancelled.set()

    def progress(self, message: str, fraction: float | None = None) -> None:
        """Tells the person how far the call is; more than 20 times a second is left out.

        Args:
            message: What is being done.
            fraction: Between 0 and 1; None where it is not known.
        """
        now = time.monotonic()
        if now - self._reported >= SECONDS_BETWEEN_REPORTS:
            self._reported = now
            self.report(fraction, message)

    def preview(self, data: bytes) -> None:
        """Shows the person what is being made, as far as it can be seen; it is not kept.

        Args:
            data: A small JPEG.
        """
        self.show(data)

    def secret(self, name: str) -> str:
        """Returns a secret that the tool declares with ``secrets=``; it is read from the environment variable ``name``.

        Wherever it turns up in what the tool returns, it is blotted out.

        Raises:
            ToolError: The variable is not set, or the tool does not declare it.
        """
        return self.secrets(name)

    def file(self, name: str) -> Path | None:
        """Returns a file of the conversation; None where there is none of this name, or it leads out of the folder."""
        return file_within(self.folder, name)

    def save(self, name: str, data: bytes | str, media_type: str | None = None) -> Artifact:
        """Keeps a file for the person.

        Args:
            name: A file name; what is no letter, digit, dot, dash or underscore is replaced.
            data: Bytes, or text to be written in UTF-8.
            media_type: Such as ``image/png``; None goes by the name's ending.

        Returns:
            The file, which is added to the answer.
        """
        path = self._free_path(name)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return self._keep(path, media_type)

    def save_picture(self, name: str, picture: Picture) -> Artifact:
        """Keeps a picture of Pillow's as PNG."""
        return self._encoded(name, lambda buffer: picture.save(buffer, format="PNG"))

    def save_made(self, name: str, picture: Image, made: Made) -> Artifact:
        """Keeps a picture that a model made as PNG, its origin signed into it; a large one gets a watermark too."""
        from assistant.origin.watermark import mark

        buffer = io.BytesIO()
        mark(picture).save(buffer, format="PNG")
        path = self._free_path(f"{Path(name).stem}.png")
        path.write_bytes(self.sign(buffer.getvalue(), path.name, made))
        return self._keep(path, "image/png")

    def save_plot(self, name: str, figure: Any) -> Artifact:
        """Keeps a figure: one of Matplotlib's as a picture, one of Plotly's so that the page can zoom it."""
        if hasattr(figure, "savefig"):
            return self._encoded(name, lambda buffer: figure.savefig(buffer, format="png", bbox_inches="tight"))
        return self.save(f"{Path(name).stem}{PLOTLY_ENDING}", figure.to_json(), PLOTLY)

    def save_table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> Artifact:
        """Keeps rows as CSV; the columns are the keys in the order of their first appearance."""
        columns = list(dict.fromkeys(key for row in rows for key in row))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
        return self.save(f"{Path(name).stem}.csv", text.getvalue(), "text/csv")

    def save_video(self, name: str, data: bytes) -> Artifact:
        """Keeps a film, which is to be MP4."""
        return self.save(f"{Path(name).stem}.mp4", data, "video/mp4")

    def _encoded(self, name: str, write: Callable[[io.BytesIO], None]) -> Artifact:
        buffer = io.BytesIO()
        write(buffer)
        return self.save(f"{Path(name).stem}.png", buffer.getvalue(), "image/png")

    def _keep(self, path: Path, media_type: str | None) -> Artifact:
        guess = media_type or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        artifact = Artifact(str(path), guess)
        self.artifacts.append(artifact)
        return artifact

    def _free_path(self, name: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]+", "_", name).strip(".") or "file"
        # In bytes, of which file systems allow 255; room is left for a number.
        whole = PLOTLY_ENDING if name.endswith(PLOTLY_ENDING) else Path(name).suffix
        stem, ending = _cut(name.removesuffix(whole), LONGEST_NAME), _cut(whole, LONGEST_ENDING)
        path, number = self.folder / f"{stem}{ending}", 2
        while path.exists():
            path, number = self.folder / f"{stem}-{number}{ending}", number + 1
        return path
