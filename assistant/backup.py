"""The home folder in one file, taken while the assistant runs, and put back, each byte checked."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from assistant.errors import BackupError

MANIFEST = "backup.json"
SQLITE = b"SQLite format 3\x00"
BLOCK = 1 << 20
# What is made anew when it is needed, or tells of a process that ran. The page's folder holds copies of uploads.
LEFT_OUT = ("turns", "logs", "vllm.json", "files/page")
LEFT_OUT_ENDINGS = (".faiss", "-wal", "-shm", "-journal", ".lock")

Note = Callable[[int], None]
"""Is told how many bytes have been worked through since it was told last."""

TABLES = "postgresql"
Table = tuple[str, list[str], IO[bytes]]
"""A table of a database: its name, its columns, its rows."""


class Tables(Protocol):
    """What takes tables back."""

    def fill(self, table: str, columns: Sequence[str], file: IO[bytes]) -> None:
        """Puts back the rows of a table."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Has stored answers find their files somewhere else."""
        ...


Fill = Callable[[], AbstractContextManager[Tables]]


def files(home: Path) -> list[Path]:
    """Returns what a backup holds, relative to the home folder: the databases first.

    A file that is made after its database was copied is one too many; one that the database names is never missing.
    """
    found = sorted(path.relative_to(home) for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    kept = [path for path in found if not _is_left_out(path)]
    return sorted(kept, key=lambda path: (not _is_database(home / path), path))


def size(home: Path) -> int:
    """Returns how many bytes a backup has to work through."""
    return sum((home / path).stat().st_size for path in files(home))


def back_up(home: Path, target: Path, note: Note = lambda _: None, tables: Iterable[Table] = ()) -> int:
    """Writes the home folder into one file, wholly or not at all.

    Args:
        home: The folder; the assistant may be running in it.
        target: ``.tar`` or, compressed, ``.tar.gz``; only its owner may read it, as it holds accounts and keys.
        note: Is told how far it is.
        tables: Of a database; they are written before the files that they name.

    Returns:
        How many files of the folder it holds.

    Raises:
        BackupError: There is nothing to back up, or it cannot be written.
    """
    if not target.name.endswith((".tar", ".tar.gz")):
        raise BackupError(f"{target} should end in .tar or .tar.gz.")
    if home.resolve() in target.resolve().parents:
        raise BackupError(f"{target} lies in the folder that is backed up; choose a place outside of it.")
    if not (chosen := files(home)):
        raise BackupError(f"There is nothing in {home} to back up.")
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        temporary.touch(mode=0o600)
        with temporary.open("wb") as file:
            _write(file, home, chosen, note, tables, packed=target.name.endswith(".gz"))
        temporary.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{target} cannot be written ({error}).") from error
    finally:
        temporary.unlink(missing_ok=True)
    return len(chosen)


def restore(source: Path, home: Path, note: Note = lambda _: None, fill: Fill | None = None) -> int:
    """Puts a backup back, wholly or not at all.

    Args:
        source: What ``back_up`` wrote.
        home: Where to; nothing but logs may be there.
        note: Is told how far it is.
        fill: Begins to fill the database that its tables go to; None leaves them out.

    Returns:
        How many files of the folder it held.

    Raises:
        BackupError: It is damaged or no backup, there is something already, or it cannot be written.
    """
    if home.exists() and any(path.name != "logs" for path in home.iterdir()):
        raise BackupError(f"{home} is not empty; move it away, or restore to another --home.")
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        beside = tempfile.TemporaryDirectory(prefix=f".{home.name}-", dir=home.parent)
    except OSError as error:
        raise BackupError(f"{home} cannot be made ({error.strerror}); choose another --home.") from error
    with beside as folder:
        try:
            about = _unpack(source, Path(folder), note)
            _rename_files(Path(folder), about["home"], home)
            with fill() if fill and about.get("tables") else nullcontext() as filling:
                if filling:
                    _fill(filling, Path(folder) / TABLES, about, home)
                shutil.rmtree(Path(folder) / TABLES, ignore_errors=True)
                home.mkdir(mode=0o700, exist_ok=True)
                for entry in Path(folder).iterdir():
                    entry.replace(home / entry.name)
        except KeyError as error:  # the list of what it holds comes last
            raise BackupError(f"{source} cannot be restored: it is damaged, cut off or no backup.") from error
        except tarfile.ReadError as error:  # its text lists every kind of archive that was tried
            raise BackupError(f"{source} cannot be restored: it is no whole archive.") from error
        except (OSError, tarfile.TarError, EOFError, ValueError, TypeError, sqlite3.Error) as error:
            raise BackupError(f"{source} cannot be restored: it is damaged or no backup ({error}).") from error
    return sum(not name.startswith(f"{TABLES}/") for name in about["files"])


def _write(
    file: IO[bytes], home: Path, chosen: list[Path], note: Note, tables: Iterable[Table], *, packed: bool
) -> None:
    sums: dict[str, str] = {}
    held: dict[str, list[str]] = {}
    how: dict[str, Any] = {"mode": "w:gz", "compresslevel": 3} if packed else {"mode": "w"}
    with tarfile.open(fileobj=file, **how) as archive:
        for table, columns, rows in tables:
            name = f"{TABLES}/{table}.copy"
            sums[name], held[table] = _add(archive, name, rows, lambda _: None), columns
        for path in chosen:
            with closing(_opened(home / path)) as content:
                name = PurePosixPath(path).as_posix()
                sums[name] = _add(archive, name, content, note)
        when = datetime.now(UTC).isoformat(timespec="seconds")
        about = {"assistant": version("assistant"), "when": when, "home": str(home), "files": sums, "tables": held}
        _add(archive, MANIFEST, io.BytesIO(json.dumps(about).encode()), lambda _: None)


def _opened(path: Path) -> IO[bytes]:
    if not _is_database(path):
        return path.open("rb")
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "copy.sqlite"
        # SQLite's own copy: of one moment, whatever is written meanwhile.
        with closing(sqlite3.connect(path, timeout=30)) as original, closing(sqlite3.connect(whole)) as target:
            original.backup(target)
        with whole.open("rb") as content:
            shutil.copyfileobj(content, copy, BLOCK)
    copy.seek(0)
    return copy


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], note: Note) -> str:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = content.seek(0, io.SEEK_END), 0o600
    content.seek(0)
    reading = _Reading(content, entry.size, note)
    archive.addfile(entry, reading)
    return reading.digest.hexdigest()


class _Reading:
    """A file that is read up to a size, whose bytes are counted and summed; what it lacks is filled with zeros."""

    def __init__(self, content: IO[bytes], size: int, note: Note) -> None:
        self._content, self._left, self._note = content, size, note
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._content.read(wanted).ljust(wanted, b"\0")  # it was cut short since its size was asked for
        self._left -= wanted
        self.digest.update(data)
        self._note(len(data))
        return data


def _unpack(source: Path, folder: Path, note: Note) -> dict[str, Any]:
    with tarfile.open(source) as archive:
        for entry in archive:
            archive.extract(entry, folder, filter="data")
            note(entry.size)
    about: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).unlink()
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if there != set(about["files"]):
        raise ValueError(f"files are missing or too many: {', '.join(sorted(there ^ set(about['files']))[:3])}")
    for name, digest in about["files"].items():
        with (folder / name).open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != digest:
                raise ValueError(f"{name} has changed")
    return about


def _rename_files(folder: Path, old: str, home: Path) -> None:
    """Has stored answers find their files at the new place."""
    if old == str(home) or not (path := folder / "conversations.sqlite").exists():
        return
    inside = [_in_json(place) for place in (old, home)]
    with closing(sqlite3.connect(path)) as connection, connection:
        statement = "UPDATE turns SET result = replace(result, ?, ?) WHERE instr(result, ?)"
        connection.execute(statement, (*inside, inside[0]))


def _fill(filling: Tables, folder: Path, about: dict[str, Any], home: Path) -> None:
    for table, columns in about["tables"].items():
        with (folder / f"{table}.copy").open("rb") as rows:
            filling.fill(table, columns, rows)
    if about["home"] != str(home):
        filling.rename(_in_json(about["home"]), _in_json(home))


def _in_json(home: object) -> str:
    """Returns how the folder of files stands in a stored answer."""
    return json.dumps(f"{home}/files/", ensure_ascii=False)[1:-1]


def _is_database(path: Path) -> bool:
    with path.open("rb") as content:
        return content.read(len(SQLITE)) == SQLITE


def _is_left_out(path: Path) -> bool:
    name = path.as_posix()
    if name.endswith(LEFT_OUT_ENDINGS):
        return True
    return any(name == each or name.startswith(f"{each}/") for each in LEFT_OUT)
