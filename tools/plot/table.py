"""Tables: from rows or a file of the conversation to the series of a plot."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .chart import Coordinate, Kind, Series

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 100_000
MAX_BYTES = 20_000_000
MAX_SERIES = 12
MAX_BARS = 200
MAX_SLICES = 24
DATE = re.compile(r"\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?)?(Z|[+-]\d{2}:?\d{2})?")


class BadTable(ValueError):
    """A table cannot be drawn; the text says why and what to change."""


def from_rows(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Makes a table of rows.

    Raises:
        BadTable: There are too many.
    """
    import pandas as pd

    if len(rows) > MAX_ROWS:
        raise BadTable(f"at most {MAX_ROWS:,} rows can be drawn, these are {len(rows):,}")
    return pd.DataFrame(list(rows))


def from_file(folder: Path, name: str) -> pd.DataFrame:
    """Reads a table of the conversation.

    Raises:
        BadTable: There is no such file, it is too large, or it cannot be read as a table.
    """
    import pandas as pd

    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        there = sorted(each.name for each in folder.glob("*") if each.suffix.lower() in READERS)[:20]
        raise BadTable(f"there is no file {name} in this conversation; tables there are: {', '.join(there) or 'none'}")
    if path.suffix.lower() not in READERS:
        raise BadTable(f"{name} is no table that can be read; CSV, TSV and XLSX can")
    if path.stat().st_size > MAX_BYTES:
        raise BadTable(f"{name} is larger than {MAX_BYTES // 1_000_000} MB")
    reader, options = READERS[path.suffix.lower()]
    try:
        table = getattr(pd, reader)(path, nrows=MAX_ROWS + 1, **options)
    except Exception as error:  # of parsers that have no errors in common
        raise BadTable(f"{name} cannot be read as a table ({' '.join(str(error).split())[:200]})") from error
    if len(table) > MAX_ROWS:
        raise BadTable(f"at most {MAX_ROWS:,} rows can be drawn, {name} has more")
    return table.rename(columns=str)


READERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".csv": ("read_csv", {"sep": None, "engine": "python"}),
    ".tsv": ("read_csv", {"sep": "\t"}),
    ".xlsx": ("read_excel", {}),
}


def series_of(table: pd.DataFrame, kind: Kind, x: str | None, y: Sequence[str]) -> tuple[list[Series], str]:
    """Takes the series of a plot out of a table.

    Args:
        table: The table.
        kind: What is drawn.
        x: Column of x; None takes the first one.
        y: Columns of y; none takes all that hold numbers.

    Returns:
        The series, and what x is called.

    Raises:
        BadTable: A column is not there, or holds nothing that can be drawn.
    """
    if table.empty:
        raise BadTable("the table has no rows")
    for name in [*y, *([x] if x else [])]:
        _check(table, name)
    distribution = kind in ("histogram", "box")
    across = x or str(table.columns[0])
    names = list(y) or _numeric(table, None if distribution and not x else across)
    if not names:
        raise BadTable(f"no column beside {across} holds numbers; the columns are {_listed(table)}")
    if len(names) > MAX_SERIES:
        raise BadTable(f"at most {MAX_SERIES} columns can be drawn at once; name some of them as y")
    if distribution:
        return [_distribution(table, name) for name in names], ""
    places = _places(table[across])
    limit = {"bar": MAX_BARS, "pie": MAX_SLICES}.get(kind, MAX_ROWS)
    if len(set(places)) > limit:
        raise BadTable(
            f"{kind} has room for {limit} values of {across}, there are {len(set(places)):,}; a line has more"
        )
    found = [_over(table, places, name) for name in (names[:1] if kind == "pie" else names)]
    if kind == "pie" and any(value < 0 for value in found[0].y):
        raise BadTable(f"{found[0].name} has values below 0, which no slice of a pie can show; draw bars")
    return found, across


def _check(table: pd.DataFrame, name: str) -> None:
    if name not in table.columns:
        near = get_close_matches(name, map(str, table.columns), n=1)
        hint = f"did you mean {near[0]}?" if near else f"the columns are {_listed(table)}."
        raise BadTable(f"there is no column {name}; {hint}")


def _listed(table: pd.DataFrame) -> str:
    return ", ".join(map(str, table.columns[:30]))


def _numbers(column: pd.Series[Any]) -> list[float]:
    import pandas as pd

    return [float(value) for value in pd.to_numeric(column, errors="coerce")]


def _numeric(table: pd.DataFrame, besides: str | None) -> list[str]:
    return [str(name) for name in table.columns if name != besides and any(map(math.isfinite, _numbers(table[name])))]


def _places(column: pd.Series[Any]) -> list[Coordinate]:
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column):
        return list(column.dt.to_pydatetime())
    texts = [str(value) for value in column]
    if all(DATE.fullmatch(text) for text in texts):
        return list(pd.to_datetime(column.astype(str), format="ISO8601").dt.to_pydatetime())
    numbers = _numbers(column)
    return list(numbers) if all(map(math.isfinite, numbers)) else list(texts)


def _over(table: pd.DataFrame, places: Sequence[Coordinate], name: str) -> Series:
    values = [value if math.isfinite(value) else math.nan for value in _numbers(table[name])]
    return Series(name, list(places), values, sum(map(math.isnan, values)))


def _distribution(table: pd.DataFrame, name: str) -> Series:
    values = _numbers(table[name])
    finite = [value for value in values if math.isfinite(value)]
    return Series(name, (), finite, len(values) - len(finite))
