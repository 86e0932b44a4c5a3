"""One vLLM for all assistants of a home folder: the first starts it, the others use it."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import IO

from assistant.errors import SettingsError
from assistant.settings import ServerEngine
from assistant.vllm_settings import VllmEngine


class Claim:
    """The right to run the server of a home folder; it ends with the process that holds it, however that ends.

    Args:
        home: The home folder.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "vllm.json"
        self._file: IO[str] | None = None

    def take(self) -> bool:
        """Takes it; whether nobody else has it.

        Raises:
            SettingsError: The home folder cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"{self._path} cannot be written ({error.strerror}): choose another --home.") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        file.truncate(0)
        self._file = file
        return True

    def free(self) -> bool:
        """Whether nobody has it, at this moment."""
        if not self.take():
            return False
        self._release()
        return True

    def tell(self, server: ServerEngine) -> None:
        """Writes down for the others where the server will be."""
        assert self._file
        self._file.truncate(0)
        self._file.write(json.dumps({"url": server.url, "model": server.model, "pid": os.getpid()}))
        self._file.flush()

    def told(self, engine: VllmEngine) -> ServerEngine | None:
        """Returns where the other's server is; None where that is not known yet.

        Args:
            engine: What this assistant wants of it.

        Raises:
            SettingsError: It serves another model.
        """
        try:
            row = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        model = str(row["model"])
        if engine.vllm != "auto" and model not in (engine.vllm, Path(engine.vllm).expanduser().resolve().name):
            raise SettingsError(
                f"Another assistant of this home folder (process {row['pid']}) runs vLLM with {model}, not with "
                f"{engine.vllm}: end it first, or use another --home."
            )
        return ServerEngine(
            url=row["url"], model=model, timeout=engine.timeout, temperature=engine.temperature, vision=engine.vision
        )

    def _release(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def __enter__(self) -> Claim:
        """Keeps it until the block is left."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Gives it back."""
        self._release()
