"""The plot tool: what is drawn, the data behind it, and what it refuses."""

from __future__ import annotations

import csv
import importlib
import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from assistant.context import Context
from assistant.loader import builtin_folder, load_file
from assistant.plugin import ToolError
from assistant.testing import call, make_context

(TOOL,) = load_file(builtin_folder() / "plot" / "__init__.py")
CHART = importlib.import_module(f"{TOOL.function.__module__}.draw")
BLUE = (0x00, 0x72, 0xB2)


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return make_context(tmp_path)


def draw(ctx: Context, **arguments: Any) -> Any:
    return call(TOOL.function, ctx, **arguments)


def table(ctx: Context) -> list[dict[str, str]]:
    (path,) = [artifact.path for artifact in ctx.artifacts if artifact.kind == "table"]
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def blue(ctx: Context) -> int:
    """Returns how many pixels of the picture have the first series' colour."""
    (path,) = [artifact.path for artifact in ctx.artifacts if artifact.kind == "picture"]
    colours = Image.open(path).convert("RGB").getcolors(1 << 20)
    return sum(count for count, colour in colours if colour == BLUE)


def plotly(ctx: Context) -> dict[str, Any]:
    (path,) = [artifact.path for artifact in ctx.artifacts if artifact.kind == "plot"]
    return json.loads(Path(path).read_text())


def test_an_expression_gives_a_picture_its_data_and_a_plot(ctx):
    result = draw(ctx, expressions=["sin(x)", "x^2 / 4"], x_from=0, x_to=math.pi, title="two curves")
    assert result["files"] == ["two_curves.png", "two_curves-data.csv", "two_curves.plotly.json"]
    rows = table(ctx)
    assert len(rows) == 2001
    middle = rows[1000]
    assert float(middle["x"]) == pytest.approx(math.pi / 2)
    assert float(middle["sin(x)"]) == pytest.approx(1)
    assert float(middle["x^2 / 4"]) == pytest.approx((math.pi / 2) ** 2 / 4)
    assert result["series"][0]["largest"] == pytest.approx(1)
    assert blue(ctx) > 300
    assert [trace["name"] for trace in plotly(ctx)["data"]] == ["sin(x)", "x^2 / 4"]


@pytest.mark.parametrize(
    ("text", "at_two"),
    [
        ("2", 2), ("-x", -2), ("x % 3", 2), ("min(x, 1)", 1), ("atan2(x, 2)", math.pi / 4), ("ln(e^x)", 2),
        ("log10(100)", 2), ("abs(-3) + sign(x)", 4), ("2*pi", math.tau), ("x**3", 8), ("1/(x - 1)", 1),
    ],
)  # fmt: skip
def test_expressions_mean_what_they_say(ctx, text, at_two):
    draw(ctx, expressions=[text], x_from=0, x_to=4)
    assert float(table(ctx)[1000][text]) == pytest.approx(at_two)


def test_no_line_leads_across_a_pole(ctx):
    draw(ctx, expressions=["tan(x)"], x_from=0, x_to=3)
    heights = [row["tan(x)"] for row in table(ctx)]
    gap = heights.index("")
    assert float(heights[gap - 1]) > 100
    assert float(heights[gap + 1]) < -100
    assert plotly(ctx)["layout"]["yaxis"]["range"][1] < 100


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("__import__('os').system('id')", "only numbers"),
        ("x.__class__", "only numbers"),
        ("open(x)", "open is not known"),
        ("y + 1", "y is not known; the variable is x"),
        ("2x", "write products with"),
        ("sin(", "cannot be read"),
        ("sin(x, x)", "takes another number"),
        ("(" * 240 + "x" + ")" * 240, "cannot be read|too deeply"),
        ("-" * 200 + "x", "too deeply"),
        ("x+" * 300 + "x", "characters"),
        ("9" * 400, "nothing of this can be drawn|too large"),
        ("10^10^10^10", "nothing of this can be drawn"),
        ("sqrt(-1 - x^2)", "nothing of this can be drawn"),
        ("[x for x in (1,)]", "only numbers"),
    ],
)
def test_what_cannot_be_drawn_is_told_at_once(ctx, text, reason):
    began = time.perf_counter()
    with pytest.raises(ToolError, match=reason):
        draw(ctx, expressions=[text])
    assert time.perf_counter() - began < 2
    assert ctx.artifacts == []


def test_a_file_of_the_conversation_is_drawn_over_time(ctx, tmp_path):
    (tmp_path / "sales.csv").write_text("day,sales,note\n2026-01-01,12,a\n2026-01-02,,b\n2026-01-03,9.5,c\n")
    result = draw(ctx, file="sales.csv")
    assert result["series"] == [{"name": "sales", "points": 2, "least": 9.5, "largest": 12.0, "left_out": 1}]
    assert table(ctx)[0] == {"day": "2026-01-01T00:00:00", "sales": "12.0"}


def test_a_workbook_and_a_semicolon_table_are_read(ctx, tmp_path):
    import pandas as pd

    frame = pd.DataFrame({"name": ["a", "b"], "n": [1, 2]})
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    frame.to_csv(tmp_path / "t.csv", sep=";", index=False)
    for name in ("t.xlsx", "t.csv"):
        assert draw(make_context(tmp_path), file=name, kind="bar")["series"][0]["largest"] == 2


@pytest.mark.parametrize("kind", ["line", "scatter", "bar", "histogram", "box", "pie"])
def test_every_kind_draws_rows(ctx, kind):
    rows = [{"name": name, "n": n, "m": n * n} for n, name in enumerate("abcdef", 1)]
    result = draw(ctx, rows=rows, kind=kind)
    assert result["drawn"] == kind
    assert [series["points"] for series in result["series"]] == ([6] if kind == "pie" else [6, 6])
    assert plotly(ctx)["data"][0]["type"] == {"line": "scatter"}.get(kind, kind)
    if kind != "box":
        assert blue(ctx) > 50


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "exactly one of"),
        ({"expressions": ["x"], "rows": [{"a": 1}]}, "exactly one of"),
        ({"expressions": ["x"], "x_from": 5, "x_to": 1}, "x_from has to be less"),
        ({"expressions": ["x"], "log_x": True}, "begins above 0"),
        ({"expressions": ["x"], "kind": "pie"}, "need rows or a file"),
        ({"rows": [{"a": "x", "b": "y"}]}, "holds numbers"),
        ({"rows": [{"aa": 1, "bb": 2}], "y": ["bbb"]}, "did you mean bb"),
        ({"rows": [{"a": "x", "b": -1}, {"a": "y", "b": 2}], "kind": "pie"}, "below 0"),
        ({"rows": [{"a": str(n), "b": n} for n in range(300)], "kind": "bar"}, "room for 200"),
        ({"file": "none.csv"}, "there is no file none.csv"),
        ({"file": "../outside.csv"}, "there is no file"),
        ({"file": "notes.md"}, "no table that can be read"),
        ({"file": "broken.xlsx"}, "cannot be read as a table"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_change(ctx, tmp_path, arguments, reason):
    (tmp_path.parent / "outside.csv").write_text("a,b\n1,2\n")
    (tmp_path / "notes.md").write_text("# notes")
    (tmp_path / "broken.xlsx").write_bytes(b"no workbook")
    with pytest.raises(ToolError, match=reason):
        draw(ctx, **arguments)
