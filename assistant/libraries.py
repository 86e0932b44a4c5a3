"""The libraries of a home folder: the default one, and those that were given a name."""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from assistant.errors import SettingsError, UnknownLibrary
from assistant.settings import DEFAULT_LIBRARY, LIBRARY_NAME, MilvusServer, Settings
from index.arrangement import Options
from index.embed import Embedder
from index.faiss_index import faiss_index
from index.library import Library
from index.milvus import milvus_index
from index.rerank import make_reranker
from index.store import FILE, Store
from index.vectors import OpenIndex
from index.visual import make_picture_embedder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one library lies.

    Attributes:
        name: By which it is chosen.
        folder: Whether there is a library in it or not.
    """

    name: str
    folder: Path

    @property
    def exists(self) -> bool:
        """Whether there is a library."""
        return (self.folder / FILE).is_file()


def place(home: Path, name: str) -> Place:
    """Returns where the library of a name lies, or would lie.

    Raises:
        SettingsError: This cannot be a library's name.
    """
    if not LIBRARY_NAME.fullmatch(name):
        raise SettingsError(
            f"{name!r} cannot be the name of a library: it takes 1 to 50 small letters, digits, dashes and underscores "
            "and begins with a letter or a digit."
        )
    return Place(name, home / "library" if name == DEFAULT_LIBRARY else home / "libraries" / name)


def places(home: Path) -> list[Place]:
    """Returns the libraries that there are, the default one first and the others by name."""
    below = home / "libraries"
    names = sorted(path.name for path in below.iterdir()) if below.is_dir() else []
    found = [place(home, name) for name in names if LIBRARY_NAME.fullmatch(name) and name != DEFAULT_LIBRARY]
    return [each for each in (place(home, DEFAULT_LIBRARY), *found) if each.exists]


def existing(home: Path, name: str) -> Place:
    """Returns where a library lies.

    Raises:
        SettingsError: This cannot be a library's name.
        UnknownLibrary: There is none of this name; nothing is made.
    """
    wanted = place(home, name)
    if wanted.exists:
        return wanted
    others = ", ".join(each.name for each in places(home))
    there = f"there are: {others}." if others else "there is none at all; check the home folder (`home`, --home)."
    way = "assistant index add FOLDER" if name == DEFAULT_LIBRARY else f"assistant index create {name}"
    raise UnknownLibrary(f"There is no library '{name}' in {home}, {there} `{way}` begins it.")


def create(settings: Settings, name: str) -> Place:
    """Makes an empty library.

    Raises:
        SettingsError: There is one of this name already, or it cannot be made.
    """
    made = place(settings.home, name)
    if made.exists:
        raise SettingsError(
            f"There is a library '{name}' already; add to it with `assistant index add --library {name}`."
        )
    prepare(settings.home, made.folder)
    Store(made.folder).close()
    return made


def remove(settings: Settings, name: str) -> Place:
    """Deletes a library with all that it holds; the files that its documents came from stay.

    Raises:
        UnknownLibrary: There is none of this name.
        SettingsError: It cannot be deleted.
    """
    gone = existing(settings.home, name)
    # Renamed first: what is not deleted whole must not be taken for a library.
    aside = gone.folder.with_name(f".removed-{uuid.uuid4().hex}")
    try:
        gone.folder.rename(aside)
        shutil.rmtree(aside)
    except OSError as error:
        raise SettingsError(f"The library {gone.folder} cannot be deleted ({error.strerror}).") from error
    return gone


def prepare(home: Path, folder: Path) -> None:
    """Makes a library's folder where there is none.

    Raises:
        SettingsError: The home folder cannot be written.
    """
    try:
        if not home.exists():  # what is in it is for nobody else on this machine
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The home folder {home} cannot be used ({error.strerror}); choose another one (`home`, --home)."
        ) from error


class Libraries:
    """The libraries of a home folder, each opened when it is first asked for; they share the models.

    Args:
        settings: Which home, and which models.
        embedder: Makes the vectors.
    """

    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        self._settings = settings
        self._embedder = embedder
        self._reranker = make_reranker(settings.library.reranker, embedder)
        self._picture_embedder = make_picture_embedder(settings.library.picture_model)
        self._open: dict[str, Library] = {}
        self._lock = Lock()

    @property
    def embedder(self) -> Embedder:
        """What makes the vectors of all of them."""
        return self._embedder

    @property
    def default(self) -> str:
        """The name of the one that is meant where none is named."""
        return self._settings.library.name or DEFAULT_LIBRARY

    def names(self) -> list[str]:
        """Returns the names of those that there are."""
        return [each.name for each in places(self._settings.home)]

    def create(self, name: str) -> None:
        """Makes an empty library.

        Raises:
            SettingsError: There is one of this name already, or it cannot be made.
        """
        create(self._settings, name)

    def get(self, name: str | None = None, *, begin: bool = True) -> Library:
        """Returns a library, which stays open until ``close``, or until its file is gone.

        Args:
            name: None takes the default.
            begin: Whether the unnamed library is made where there is none; others are made by ``create`` only.

        Raises:
            UnknownLibrary: There is none of this name.
            SettingsError: The name cannot be one, or the home folder cannot be written.
            LibraryError: It cannot be opened.
        """
        name = name or self.default
        with self._lock:
            self._drop_lost(name)
            if name not in self._open:
                self._open[name] = self._opened(name, begin)
            return self._open[name]

    def opened_at(self, folder: Path) -> Library:
        """Opens a library that has no name, which the caller closes; it has the models of the others, and FAISS.

        Args:
            folder: Where it lies; it is made where there is none.

        Raises:
            LibraryError: It cannot be opened.
        """
        return Library.open(
            folder, self._embedder, self._reranker, faiss_index(Options()), picture_embedder=self._picture_embedder
        )

    def remove(self, name: str) -> None:
        """Closes a library and deletes it; see ``remove``."""
        with self._lock:
            existing(self._settings.home, name)
            if opened := self._open.pop(name, None):
                opened.close()
            remove(self._settings, name)

    def close(self) -> None:
        """Closes those that are open."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def _drop_lost(self, name: str) -> None:
        # An open file can be read after it was deleted, and what somebody deleted is not to be cited any more.
        if name in self._open and not place(self._settings.home, name).exists:
            log.warning("the library %s is gone", name)
            self._open.pop(name).close()

    def _opened(self, name: str, begin: bool) -> Library:
        home = self._settings.home
        if name == DEFAULT_LIBRARY and begin:
            folder = place(home, name).folder
            prepare(home, folder)
        else:
            folder = existing(home, name).folder
        return Library.open(folder, self._embedder, self._reranker, make_index(self._settings), self._picture_embedder)


def make_index(settings: Settings) -> OpenIndex:
    """Returns what opens the indexes of vectors; nothing is loaded or connected to before it is needed."""
    chosen = settings.library.vectors
    if not isinstance(chosen, MilvusServer):
        return faiss_index(Options(**settings.library.index.model_dump()))
    return milvus_index(chosen.milvus, os.environ.get(chosen.token_env, ""))
