"""Signs pictures: a C2PA manifest is put into the file."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from assistant.errors import SettingsError
from assistant.origin.credentials import Credentials, load_credentials
from assistant.origin.made import Made, PromptIn, manifest
from assistant.settings import Settings

if TYPE_CHECKING:
    import c2pa

# A picture is its own thumbnail, and a second one in the file makes it several times as large.
PLAIN = {"builder": {"thumbnail": {"enabled": False}}}
log = logging.getLogger(__name__)
FOLDER = "origin"  # in the home folder


class Signer:
    """Puts an origin into pictures; its key is read, or made, at the first one.

    Args:
        folder: Where the assistant's own key lies.
        certificate: The organisation's own chain of certificates.
        key: The private key that belongs to it.
        prompt_in: Whether the prompt itself stands in a picture, or its SHA-256 alone.
        now: The time, UTC.
    """

    def __init__(
        self,
        folder: Path,
        certificate: Path | None = None,
        key: Path | None = None,
        prompt_in: PromptIn = "hash",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder, self._certificate, self._key = folder, certificate, key
        self._prompt_in, self._now = prompt_in, now
        self._lock = Lock()
        self._credentials: Credentials | None = None

    @classmethod
    def of(cls, settings: Settings) -> Signer:
        """Returns what signs by the settings."""
        told = settings.origin
        return cls(settings.home / FOLDER, told.certificate, told.key, told.prompt)

    def prepare(self) -> None:
        """Makes the key where there is none yet, since a tool may not write where it lies; ``sign`` says what fails."""
        try:
            self._ready()
        except SettingsError:
            log.warning("pictures cannot be signed", exc_info=True)

    def _ready(self) -> Credentials:
        with self._lock:
            self._credentials = self._credentials or load_credentials(self._folder, self._certificate, self._key)
            return self._credentials

    def sign(self, data: bytes, title: str, made: Made, media_type: str = "image/png") -> bytes:
        """Returns a picture's bytes with its origin in them.

        Args:
            data: The file's bytes.
            title: Its name.
            made: How it was made.
            media_type: What kind of file it is.

        Raises:
            SettingsError: There is no key, and none can be made, or the certificate is not its own.
        """
        import c2pa

        mine = self._ready()
        told = manifest(made, title, media_type, self._now(), self._prompt_in)
        source, signed = io.BytesIO(data), io.BytesIO()
        try:
            info = c2pa.C2paSignerInfo(b"es256", mine.chain.encode(), mine.key.encode(), None)
            with (
                c2pa.Context.from_dict(PLAIN) as context,
                c2pa.Signer.from_info(info) as signer,
                c2pa.Builder(json.dumps(told), context) as builder,
            ):
                if made.ingredients:
                    builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
                for path in made.ingredients:
                    _add(builder, path)
                builder.sign(signer, media_type, source, signed)
        except c2pa.C2paError as error:
            raise SettingsError(
                f"Pictures cannot be signed: {error}. Look at origin.certificate and origin.key in the settings: a "
                "chain, the signer's first, and the key on the curve P-256 that belongs to it."
            ) from error
        return signed.getvalue()


def _add(builder: c2pa.Builder, path: Path) -> None:
    """Tells of a picture from which this one was made, with that one's own origin where it has one."""
    import c2pa
    from PIL import Image

    with Image.open(path) as picture:
        kind = str(picture.format).lower()  # a file's name may say something else
    told = {"title": path.name, "relationship": "parentOf"}
    try:
        with path.open("rb") as file:
            builder.add_ingredient(json.dumps(told | {"format": f"image/{kind}"}), f"image/{kind}", file)
    except c2pa.C2paError:
        # Pillow reads more than it does; what cannot be read as it is goes in by its pixels.
        log.info("%s goes in without an origin of its own", path, exc_info=True)
        builder.add_ingredient(json.dumps(told | {"format": "image/png"}), "image/png", _pixels(path))


def _pixels(path: Path) -> io.BytesIO:
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(path) as picture:
        picture.convert("RGB").save(buffer, "PNG")
    buffer.seek(0)
    return buffer
