"""Pictures of the conversation, opened with care."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from assistant.plugin import ToolError

MOST_PIXELS = 50_000_000
# Others, such as EPS, have Pillow start programs.
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF")
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def chosen(folder: Path, name: str) -> Path:
    """Returns the file of a picture of the conversation; ``last`` or nothing is the newest one.

    Raises:
        ToolError: There is no such file.
    """
    return _newest(folder) if name.strip().lower() in ("", "last") else find(folder, name)


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


def find(folder: Path, name: str) -> Path:
    """Returns a file of the conversation.

    Raises:
        ToolError: There is none of this name.
    """
    path = (folder / name.strip()).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        there = ", ".join(each.name for each in _pictures(folder)[-5:]) or "none"
        raise ToolError(f"There is no file '{name[:80]}' in this conversation; its pictures: {there}.")
    return path


def _newest(folder: Path) -> Path:
    there = _pictures(folder)
    if not there:
        raise ToolError("There is no picture in this conversation yet; add a file, or have one drawn first.")
    return there[-1]


def _pictures(folder: Path) -> list[Path]:
    """The pictures of a conversation, the newest last."""
    there = [path for path in folder.glob("*") if path.suffix.lower() in ENDINGS and path.is_file()]
    return sorted(there, key=lambda path: (path.stat().st_mtime_ns, path.name))
