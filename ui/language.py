"""What the page says: texts by key, in the language that the person chose or the browser asks for.

Each folder of ``ui/texts`` is the catalogue of one language, each file in it a subject: ``chat.yaml`` holds the keys
that begin with ``chat.``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import yaml
from gradio.i18n import I18nData

FOLDER = Path(__file__).parent / "texts"
LANGUAGES = {"en": "English", "de": "Deutsch"}
DEFAULT = "en"
COOKIE = "language"
"""Holds the person's choice, which comes before what the browser asks for."""

_POINT_FOR_GROUPS = {"de"}
# What ``label`` was asked for.
_LABELS: set[str] = set()


class Texts:
    """The texts of one language.

    Attributes:
        language: Its code.

    Args:
        language: Its code.
        catalogue: The texts by key, with ``{name}`` where a value stands.
    """

    def __init__(self, language: str, catalogue: Mapping[str, str]) -> None:
        self.language = language
        self._catalogue = catalogue

    def __call__(self, key: str, **values: object) -> str:
        """Returns a text with its values in their places.

        Raises:
            KeyError: There is no such text, or a value is missing.
        """
        text = self._catalogue[key]
        return text.format(**values) if values else text

    def html(self, key: str, **values: object) -> str:
        """Returns a text with its values, made safe to stand in HTML and in its attributes."""
        return escape(self(key, **values))

    def __contains__(self, key: str) -> bool:
        """Whether there is a text of this key."""
        return key in self._catalogue

    def count(self, key: str, number: int, **values: object) -> str:
        """Returns ``key.one`` or ``key.other`` with ``{n}`` in its place."""
        return self(f"{key}.{'one' if number == 1 else 'other'}", n=self.number(number), **values)

    def number(self, number: float, digits: int = 0) -> str:
        """Returns a number as the language writes it."""
        written = f"{number:,.{digits}f}"
        return written.translate(str.maketrans(",.", ".,")) if self.language in _POINT_FOR_GROUPS else written

    def size(self, size: int) -> str:
        """Returns a size in bytes as people read it."""
        if size >= 1_000_000_000:  # noqa: PLR2004 — a gigabyte
            return f"{self.number(size / 1_000_000_000, 1)} GB"
        if size >= 1_000_000:  # noqa: PLR2004 — a megabyte
            return f"{self.number(size / 1_000_000, 1)} MB"
        return f"{self.number(max(1, size // 1000))} kB"


@cache
def texts(language: str = DEFAULT) -> Texts:
    """Returns the texts of a language; English where it is none of ours."""
    language = language if language in LANGUAGES else DEFAULT
    return Texts(language, read_catalogue(FOLDER / language))


def read_catalogue(folder: Path) -> dict[str, str]:
    """Reads the texts of one language, each under its file's name and its own, with a dot between the two."""
    files = sorted(folder.glob("*.yaml"))
    return {
        f"{file.stem}.{key}": text.strip()
        for file in files
        for key, text in yaml.safe_load(file.read_text(encoding="utf-8")).items()
    }


def label(key: str) -> I18nData:
    """Returns a text for a component's own argument, such as its label; the browser puts its language in its place.

    Raises:
        KeyError: There is no such text.
    """
    texts()(key)
    _LABELS.add(key)
    return I18nData(key)


def labels() -> gr.I18n:
    """Returns what the browser needs for ``label`` once the page is made, and no more, since each visit loads it."""
    return gr.I18n(**{language: {key: texts(language)(key) for key in sorted(_LABELS)} for language in LANGUAGES})


def preferred(request: gr.Request | None) -> str:
    """Returns the language of whom a request comes from: what was chosen, else what the browser asks for."""
    if request is None:
        return DEFAULT
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else asked_for(request.headers.get("accept-language") or "")


def asked_for(accept_language: str) -> str:
    """Returns the first of our languages in a browser's ``Accept-Language``, which lists the most wanted first."""
    wanted = (each.partition(";")[0].strip()[:2].lower() for each in accept_language.split(","))
    return next((each for each in wanted if each in LANGUAGES), DEFAULT)


def labelled(page: gr.Blocks) -> dict[Any, dict[str, str]]:
    """Returns the components of a page whose arguments are labels: the key of each argument, by component."""
    found = {}
    for block in page.blocks.values():
        arguments: Mapping[str, Any] = getattr(block, "constructor_args", {})
        keys = {name: value.key for name, value in arguments.items() if isinstance(value, I18nData)}
        if keys:
            found[block] = keys
    return found


def relabel(components: Mapping[Any, Mapping[str, str]], request: gr.Request | None) -> list[Any]:
    """Returns updates that give components their labels in the chosen language.

    Args:
        components: As of ``labelled``.
        request: Whose page it is; nothing is to be done where the browser's own language was chosen.
    """
    language = preferred(request)
    if request is None or language == asked_for(request.headers.get("accept-language") or ""):
        return [gr.skip()] * len(components)
    t = texts(language)
    named: list[dict[str, Any]] = [{name: t(key) for name, key in keys.items()} for keys in components.values()]
    return [gr.update(**words) for words in named]
