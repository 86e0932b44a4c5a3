"""The options that keep a command to a part of the library."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
DAY = click.DateTime(["%Y-%m-%d"])
OPTIONS = (
    click.option("--document", "documents", multiple=True, help="Only this one: number, path, file name or title."),
    click.option("--folder", "folders", multiple=True, help="Only documents that were added from below this folder."),
    click.option("--kind", "kinds", multiple=True, help="Only this format, such as pdf; see `assistant index list`."),
    click.option("--tag", "tags", multiple=True, help="Only documents of this tag; see `assistant index tags`."),
    click.option("--since", type=DAY, help="Only what was added or changed on this day or later."),
    click.option("--until", type=DAY, help="Only what was added or changed on this day or before."),
)


def filtered(command: Command) -> Command:
    """Adds --document, --folder, --kind, --tag, --since and --until; the command gets them as ``only``."""

    @wraps(command)
    def run(
        *args: Any,
        documents: tuple[str, ...],
        folders: tuple[str, ...],
        kinds: tuple[str, ...],
        tags: tuple[str, ...],
        since: datetime | None,
        until: datetime | None,
        **kwargs: Any,
    ) -> Any:
        from index.filter import Filter

        only = Filter(documents, folders, kinds, since and since.date(), until and until.date(), tags)
        return command(*args, only=only, **kwargs)

    wrapped: Any = run
    for option in reversed(OPTIONS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]  # click only needs a callable
