"""What all commands share: the common options, the settings made of them, and how errors are put."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from assistant.approval import Rule
    from assistant.settings import Settings
    from index.library import Library

Command = TypeVar("Command", bound=Callable[..., Any])

LOG_BYTES = 5_000_000


class Group(click.Group):
    """A group that lists its commands in the order in which they were written."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in order."""
        return list(self.commands)


def examples(*lines: str) -> str:
    """Returns the examples of a help page."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def common(command: Command) -> Command:
    """Adds --home, --library, --config and --tools; they may stand before or behind the command's name."""
    for option in (
        click.option("--home", type=click.Path(path_type=Path), help="Folder of all data (or ASSISTANT_HOME)."),
        click.option(
            "--library", "library_name", metavar="NAME", help="One of its libraries; see `assistant index libraries`."
        ),
        click.option("--config", type=click.Path(path_type=Path), help="Settings file; see configs/default.yaml."),
        click.option("--tools", "tool_folders", type=click.Path(path_type=Path), multiple=True, help="Plugin folder."),
    ):
        command = option(command)
    return _remembering(command)


def adapter(command: Command) -> Command:
    """Adds --adapter, which the command gets as ``adapter``."""
    return click.option(
        "--adapter", metavar="NAME", help="LoRA adapter of the model server that answers; see docs/models.md."
    )(command)


def policy(command: Command) -> Command:
    """Adds --policy; the command gets the rules of the file as ``rules``."""
    return click.option(
        "--policy",
        "rules",
        type=click.Path(path_type=Path),
        callback=_read_policy,
        help="Rules that approve or refuse tool calls; see docs/approval.md.",
    )(command)


def in_a_folder(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """Returns the path of a file to be written, whose folder has to be there."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}")
    return path


def write_report(path: Path, what: Mapping[str, Any]) -> None:
    """Writes a JSON object for programs; where it cannot, that is told and everything else stands."""
    try:
        path.write_text(json.dumps(what, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        click.echo(f"Cannot write {path}: {error.strerror}.", err=True)


def prices(ctx: click.Context, param: click.Parameter, text: str | None) -> tuple[float, float] | None:
    """Returns two prices, such as of ``0.15,0.60``."""
    if text is None:
        return None
    try:
        sent, made = map(float, text.split(","))
    except ValueError:
        raise click.BadParameter("give two numbers such as 0.15,0.60") from None
    return sent, made


def _read_policy(ctx: click.Context, param: click.Parameter, path: Path | None) -> tuple[Rule, ...]:
    from assistant.approval import read_policy

    return read_policy(path) if path else ()


def _remembering(command: Command) -> Command:
    """Takes the common options out of a command's arguments and keeps them for ``load``."""
    from functools import wraps

    @wraps(command)
    def run(
        *args: Any,
        home: Path | None,
        library_name: str | None,
        config: Path | None,
        tool_folders: tuple[Path, ...],
        **kwargs: Any,
    ) -> Any:
        given = {"home": home, "library": library_name, "config": config, "tool_folders": tool_folders}
        known = click.get_current_context().find_root().ensure_object(dict)
        known.update({key: value for key, value in given.items() if value})
        return command(*args, **kwargs)

    return run  # type: ignore[return-value]  # click only needs a callable


def load(page: dict[str, Any] | None = None, *, begin: bool = True) -> Settings:
    """Reads the settings that the options name, and opens the log.

    Args:
        page: Values for the page's settings that were given on the command line.
        begin: Whether a home folder is made where there is none.

    Raises:
        SettingsError: They cannot be used.
    """
    from assistant.libraries import place
    from assistant.settings_file import load_settings

    given = click.get_current_context().find_root().ensure_object(dict)
    settings = load_settings(given.get("config"), {"home": given.get("home")}, os.environ)
    folders = (*settings.tools.folders, *given.get("tool_folders", ()))
    if name := given.get("library"):
        place(settings.home, name)
    settings = settings.model_copy(
        update={
            "library": settings.library.model_copy(update={"name": name or settings.library.name}),
            "tools": settings.tools.model_copy(update={"folders": folders}),
            "page": settings.page.model_copy(update=page or {}),
        }
    )
    if begin or settings.home.is_dir():
        open_log(settings.home / "logs")
    return settings


@contextmanager
def library() -> Iterator[Library]:
    """Opens the library of the settings, which there must be, and closes it again."""
    from assistant.app import open_library

    opened = open_library(load(begin=False), begin=False)
    try:
        yield opened
    finally:
        opened.close()


def read_stdin() -> str:
    """Returns standard input as text; bytes that are no UTF-8 are replaced."""
    return sys.stdin.buffer.read().decode("utf-8", errors="replace")


def one_line(error: BaseException) -> str:
    """Returns what a person is told about an error."""
    from assistant.errors import AssistantError
    from index.errors import LibraryError

    text = " ".join(str(error).split())
    if isinstance(error, AssistantError | LibraryError):
        return text
    return f"{type(error).__name__}: {text}; the log in the home folder has the details."


def open_log(folder: Path) -> None:
    """Writes the log into a folder, where that can be."""
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for client in ("httpx", "httpx2"):
        logging.getLogger(client).setLevel(logging.WARNING)
    try:
        if not folder.parent.exists():  # the home folder, which is for nobody else on this machine
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(exist_ok=True)
        path = folder / "assistant.log"
        handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=3, encoding="utf-8")
    except OSError:  # a home that cannot be written is reported by the command that needs it
        root.addHandler(logging.NullHandler())
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
