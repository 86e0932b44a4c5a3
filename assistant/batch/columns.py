"""Writes results as a Parquet table, each column with a type that holds all of its values as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.batch.tables import NO_PARQUET
from assistant.errors import BatchError

if TYPE_CHECKING:
    import pyarrow

# Whole numbers up to which fractions tell all apart.
EXACT = 2**53


def need_parquet() -> None:
    """Makes sure that tables can be written.

    Raises:
        BatchError: They cannot.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise BatchError(NO_PARQUET) from None


def to_parquet(rows: Iterable[Mapping[str, Any]], target: Path, source: Path) -> None:
    """Writes a table, in one move; columns that hold lists, objects or different kinds of values are text.

    Args:
        rows: The results.
        target: The file.
        source: Where the results stay if it cannot be written.

    Raises:
        BatchError: It cannot be written.
    """
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({name: _column(values) for name, values in _columns(rows).items()})
    made = target.with_name(f".{target.name}.new")
    try:
        parquet.write_table(table, made)
        made.replace(target)
    except (OSError, pyarrow.ArrowException) as error:
        made.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        raise BatchError(f"Cannot write {target}: {reason}; the rows are in {source}.") from error


def _columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    count = 0
    for row in rows:
        for name, value in row.items():
            column = columns.setdefault(name, [])
            column.extend([None] * (count - len(column)))
            column.append(json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value)
        count += 1
    for column in columns.values():
        column.extend([None] * (count - len(column)))
    return columns


def _column(values: list[Any]) -> pyarrow.Array:
    import pyarrow

    kind = _kind([value for value in values if value is not None])
    if kind == "string":
        values = [None if value is None else _text(value) for value in values]
    return pyarrow.array(values, type=getattr(pyarrow, kind)())


def _kind(values: list[Any]) -> str:
    """The name of a type that holds values as they are; text where none does."""
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return "bool_"
    if kinds == {int}:
        return "int64" if min(values) >= -(2**63) and max(values) < 2**63 else "string"
    if kinds and kinds <= {int, float}:
        whole = [value for value in values if type(value) is int]
        return "float64" if all(-EXACT <= value <= EXACT for value in whole) else "string"
    return "string"


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()
