"""Reasons with a code, in the language of the page."""

from __future__ import annotations

from index.read.formats import FORMATS
from index.reasons import Reason, Values
from ui.language import Texts, texts


def told(code: str, **values: str | float) -> Reason:
    """Returns a reason of the page's own.

    Args:
        code: Of a text of ``reasons``.
        **values: What stands in its places.
    """
    return Reason(said(Reason("", code, values), texts()), code, values)


def said(reason: str, t: Texts) -> str:
    """Returns a reason in words; one without a code, as of an engine or a tool, in its own.

    Args:
        reason: A ``Reason``, or a text.
        t: The page's texts.
    """
    key = f"reasons.{reason.code}" if isinstance(reason, Reason) else ""
    if not isinstance(reason, Reason) or key not in t:
        return reason
    return t(key, **{"readable": kinds(t), **_written(reason.values, t)})


def kinds(t: Texts) -> str:
    """Returns the kinds of files that can be read."""
    return ", ".join(t(f"kinds.{form.kind}") for form in FORMATS)


def _written(values: Values, t: Texts) -> dict[str, str]:
    return {name: value if isinstance(value, str) else _number(value, t) for name, value in values.items()}


def _number(value: float, t: Texts) -> str:
    return t.number(value, 0 if round(value, 1) == round(value) else 1)


def engine_words(name: str, t: Texts) -> str:
    """Returns what an engine is called; only the built-in one has a name in every language."""
    return t("turn.builtin") if name == texts()("turn.builtin") else name
