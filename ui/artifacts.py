"""The files of an answer made ready for the page: found in their conversation's folder, copied, read in part."""

from __future__ import annotations

import csv
import io
import json
import logging
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from assistant.events import Artifact, Kind
from assistant.origin.verify import Verdict
from assistant.web.files import SHOWN, url_of
from ui.made import MadePicture
from ui.origin import origin_of
from ui.reasons import told

log = logging.getLogger(__name__)

MAX_TABLE_BYTES = 1_000_000
MAX_ROWS = 200
MAX_COLUMNS = 40
MAX_PLOT_BYTES = 5_000_000

# Copies a file to where the page may fetch it from, and returns the copy's path.
Publish = Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class Table:
    """The first rows of a CSV file.

    Attributes:
        columns: The first line.
        rows: What follows, each as long as ``columns``.
        cut: Whether the file holds more.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class ShownArtifact:
    """A file of an answer as the page shows it.

    Attributes:
        name: Its name.
        kind: How it is shown.
        url: Where the browser gets it; empty where there is none.
        copy: Path of the copy that is served; empty where there is none.
        size: In bytes.
        problem: Why it is not there, or why it can only be downloaded; as ``reasons.said`` reads it.
        table: Of a table.
        plot: Of a plot: Plotly's JSON, data and layout alone.
        origin: Of a picture: where it comes from, as is signed into it.
        made: Of a picture that was made here: how.
    """

    name: str
    kind: Kind
    url: str = ""
    copy: str = ""
    size: int = 0
    problem: str = ""
    table: Table | None = None
    plot: str = ""
    origin: Verdict | None = None
    made: MadePicture | None = None


def load(artifact: Artifact, folder: Path) -> ShownArtifact:
    """Reads what is to be shown of a file.

    Args:
        artifact: The file as the answer names it.
        folder: The conversation's own; a file that lies anywhere else is not shown.
    """
    path = Path(artifact.path)
    kind = _kind(artifact)
    if not path.resolve().is_relative_to(folder.resolve()):
        log.warning("%s does not lie in %s and is not shown", path, folder)
        return ShownArtifact(path.name, kind, problem=told("artifact_outside"))
    if not path.is_file():
        return ShownArtifact(path.name, kind, problem=told("artifact_gone"))
    try:
        shown = ShownArtifact(path.name, kind, url_of(folder, path), size=path.stat().st_size)
    except OSError as error:
        return ShownArtifact(path.name, kind, problem=told("artifact_unreadable", why=str(error.strerror)))
    try:
        return replace(
            shown,
            table=read_table(path, artifact.media_type) if kind == "table" else None,
            plot=read_plot(path) if kind == "plot" else "",
            origin=origin_of(path) if kind == "picture" else None,
        )
    except (OSError, ValueError, csv.Error, RecursionError) as error:
        log.warning("%s can only be downloaded", path, exc_info=error)
        return replace(shown, kind="file", problem=told("artifact_not_shown", why=str(error)))


def published(name: str, kind: Kind, path: Path, publish: Publish) -> ShownArtifact:
    """Returns a file as the page fetches it.

    Raises:
        OSError: It cannot be read.
    """
    copy, size = publish(path), path.stat().st_size
    return ShownArtifact(name, kind, f"/gradio_api/file={quote(copy)}", copy, size)


def read_table(path: Path, media_type: str) -> Table:
    """Reads the first rows of a table.

    Raises:
        csv.Error: It cannot be read as one.
        OSError: The file cannot be read.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        text = file.read(MAX_TABLE_BYTES)
        cut = bool(file.read(1))
    delimiter = "\t" if media_type == "text/tab-separated-values" else ","
    lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line]
    if cut:
        lines = lines[:-1]  # which may end in the middle
    if not lines:
        return Table((), ())
    width = min(max(map(len, lines[: MAX_ROWS + 1])), MAX_COLUMNS)
    rows = [tuple((line + [""] * width)[:width]) for line in lines[: MAX_ROWS + 1]]
    cut = cut or len(lines) > MAX_ROWS + 1 or any(len(line) > width for line in lines)
    return Table(rows[0], tuple(rows[1:]), cut)


def read_plot(path: Path) -> str:
    """Reads a figure of Plotly's; its configuration, which could name other servers, is left out.

    Raises:
        ValueError: It is none, or too large.
        OSError: The file cannot be read.
    """
    if path.stat().st_size > MAX_PLOT_BYTES:
        raise ValueError(f"it is larger than {MAX_PLOT_BYTES // 1_000_000} MB")
    figure: Any = json.loads(path.read_bytes())
    if not (isinstance(figure, dict) and isinstance(figure.get("data"), list)):
        raise ValueError("it is no figure of Plotly's")  # noqa: TRY004
    layout = figure.get("layout")
    return json.dumps({"data": figure["data"], "layout": layout if isinstance(layout, dict) else {}})


def _kind(artifact: Artifact) -> Kind:
    # By the name's ending as well, since the ending decides under which type a browser gets the file.
    if artifact.kind in ("picture", "video") and mimetypes.guess_type(artifact.path)[0] not in SHOWN:
        return "file"
    return artifact.kind
