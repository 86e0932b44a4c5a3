"""Pictures of the conversation and of the library, opened with care."""

from __future__ import annotations

import re
import warnings
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from assistant.plugin import Context, Filter, LibraryError, ToolError

MOST_PIXELS = 50_000_000
# Others, such as EPS, have Pillow start programs.
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF")
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


FETCHED = "library"  # the folder within a conversation's for pictures of the library
NUMBERED = re.compile(r"(?:library|picture)[: ]+(\d{1,15})", re.I)
KINDS = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}


def chosen(ctx: Context, name: str) -> Path:
    """Returns the file of a picture; ``last`` or nothing is the conversation's newest one.

    Args:
        ctx: Of the call.
        name: Of a file of the conversation, else of a document with a picture, or ``library:7`` with a picture's id.

    Raises:
        ToolError: There is no such picture.
    """
    name = name.strip()
    if name.lower() in ("", "last"):
        return _newest(ctx.folder)
    if path := ctx.file(name) or _fetched(ctx, name):
        return path
    there = ", ".join(each.name for each in _pictures(ctx.folder)[-5:]) or "none"
    raise ToolError(
        f"There is no file '{name[:80]}' in this conversation, and no picture of this name in the library; its "
        f"pictures: {there}."
    )


def _fetched(ctx: Context, name: str) -> Path | None:
    """Copies a picture of the library, or one attached to the conversation, to the conversation's files."""
    try:
        if numbered := NUMBERED.fullmatch(name):
            number = int(numbered[1])
        else:
            hits = ctx.library.search_pictures(name, 1, Filter(documents=[name]))
            number = next(picture.id for hit in hits for picture in hit.pictures)
        picture, data = ctx.library.loaded_picture(number)
    except (LibraryError, StopIteration, ValueError):  # the last: what no name may hold
        return None
    stem = re.sub(r"[^\w.-]+", "_", "" if numbered else Path(name).stem)[:80] or "picture"
    path = ctx.folder / FETCHED / f"{stem}-{number}{KINDS.get(picture.media_type, '.png')}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def open_picture(path: Path) -> Image.Image:
    """Returns a picture in RGB, turned as it is meant to be seen.

    Raises:
        ToolError: It is no picture, damaged or too large.
    """
    return read_picture(path, path.name)


def read_picture(file: Path | BytesIO, name: str) -> Image.Image:
    """Returns a picture in RGB, turned as it is meant to be seen.

    Args:
        file: Where it is read from.
        name: What people are told it is called.

    Raises:
        ToolError: It is no picture, damaged or too large.
    """
    Image.init()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=[each for each in FORMATS if each in Image.OPEN]) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise _too_large(name)
                return ImageOps.exif_transpose(picture).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise ToolError(f"{name} cannot be read as a picture; PNG, JPEG, WebP and the like can.") from error


def _too_large(name: str) -> ToolError:
    return ToolError(f"{name} has too many pixels; up to {MOST_PIXELS // 1_000_000} million can be taken.")


def _newest(folder: Path) -> Path:
    there = _pictures(folder)
    if not there:
        raise ToolError("There is no picture in this conversation yet; add a file, or have one drawn first.")
    return there[-1]


def _pictures(folder: Path) -> list[Path]:
    """The pictures of a conversation, the newest last."""
    there = [path for path in folder.glob("*") if path.suffix.lower() in ENDINGS and path.is_file()]
    return sorted(there, key=lambda path: (path.stat().st_mtime_ns, path.name))
