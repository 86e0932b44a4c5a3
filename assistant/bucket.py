"""A bucket of Amazon S3, or of whatever speaks its protocol: MinIO, Ceph, SeaweedFS, Garage."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from assistant.errors import StorageError
from assistant.files import Kept
from assistant.settings import ArtifactSettings

log = logging.getLogger(__name__)

# Seconds after which a bucket that does not answer is given up.
PATIENCE = timedelta(seconds=15)


class S3Bucket:
    """A bucket.

    The credentials are those of the environment, as all of Amazon's programs read them: AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY, or what the machine's role gives.

    Args:
        settings: Which.
    """

    def __init__(self, settings: ArtifactSettings) -> None:
        self._place = f"The bucket {settings.bucket}"
        self._prefix = f"{settings.prefix.strip('/')}/" if settings.prefix.strip("/") else ""
        where = {"endpoint": settings.endpoint} if settings.endpoint else {}
        self._store = S3Store(
            settings.bucket,
            region=settings.region,
            client_options={"allow_http": True, "timeout": PATIENCE},
            retry_config={"max_retries": 3, "retry_timeout": PATIENCE},
            **where,  # type: ignore[arg-type]
        )

    async def listed(self, conversation: str) -> Mapping[str, Kept]:
        """Returns the files of a conversation by their paths in the folder."""
        begin, found = f"{self._prefix}{conversation}/", dict[str, Kept]()
        with self._told():
            async for some in obstore.list(self._store, begin):
                for each in some:
                    kept = Kept(each["size"], each["last_modified"], each["e_tag"])
                    found[each["path"].removeprefix(begin)] = kept
        return found

    async def put(self, conversation: str, name: str, path: Path) -> str | None:
        """Puts a file there, in parts where it is large, and returns its tag."""
        with self._told():
            done = await obstore.put_async(self._store, f"{self._prefix}{conversation}/{name}", path)
        return done["e_tag"]

    async def get(self, conversation: str, name: str, path: Path) -> None:
        """Writes a file from there to a path, piece by piece."""
        with self._told():
            got = await obstore.get_async(self._store, f"{self._prefix}{conversation}/{name}")
            with path.open("wb") as file:
                async for piece in got.stream():
                    file.write(piece)

    async def remove(self, conversation: str, names: Sequence[str]) -> None:
        """Deletes files of a conversation."""
        if names:
            with self._told():
                await obstore.delete_async(self._store, [f"{self._prefix}{conversation}/{name}" for name in names])

    async def delete(self, conversation: str) -> None:
        """Deletes all files of a conversation."""
        await self.remove(conversation, list(await self.listed(conversation)))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, FileNotFoundError, PermissionError) as error:
            log.warning("%s cannot be used", self._place, exc_info=True)
            raise StorageError(f"{self._place} cannot be reached or used; the log has the details.") from error
