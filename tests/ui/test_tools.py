"""The tools tab without a browser: the list, forms made from schemas, and what was typed into them."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from assistant.plugin import tool
from assistant.schema import build_tool
from assistant.toolbox import Toolbox
from ui.approval import BadArguments
from ui.language import texts
from ui.tool_cards import tool_html, tools_html
from ui.tool_form import read_arguments

EN = texts()
HOSTILE = "<img src=x onerror=alert(1)>"


class Place(BaseModel):
    x: float


@tool(approval="always", touches=["world"], examples=[HOSTILE])
def paint(
    name: str,
    how: Literal["oil", "ink"],
    count: Annotated[int | None, Field(ge=1, le=9)] = None,
    tags: list[str] | None = None,
    place: Place | None = None,
    large: bool = False,
) -> str:
    """Paint <img src=x onerror=alert(1)>.

    Args:
        name: Called <img src=x onerror=alert(1)>.
        how: With what.
    """
    return name


PAINT = build_tool(paint, f"/tools/{HOSTILE}.py")


def test_the_list_says_what_each_tool_may_do_and_what_is_broken():
    box = Toolbox({"paint": PAINT}, {"/x/broken.py": f"/x/broken.py: {HOSTILE}"}, {"robot": "no simulator"})
    html = tools_html(box, {"paint"}, EN, begun=False)
    assert "<img" not in html
    assert "asks every time" in html
    assert "reaches other programs, devices or people" in html
    assert "no simulator" in html
    assert "onerror=alert(1)&gt;.py" in html
    assert "checked" not in html
    assert "checked" in tools_html(box, (), EN, begun=True)


def test_a_form_has_a_field_for_each_parameter():
    html = tool_html(PAINT, EN)
    assert "<img" not in html
    for part in (
        '<input type="text" autocomplete="off" id="try-name" name="name">',
        '<option value="&quot;oil&quot;">oil</option>',
        '<input type="number" step="1" min="1" max="9" id="try-count" name="count">',
        "optional · one in each line",
        "optional · as JSON",
        "left out: false",
    ):
        assert part in html, part


def test_what_was_typed_becomes_arguments():
    typed = {"name": "Sea", "how": '"ink"', "count": "3", "tags": "a\n\nb", "place": '{"x": 1}', "large": "true"}
    assert read_arguments(PAINT.parameters, typed) == {
        "name": "Sea", "how": "ink", "count": 3, "tags": ["a", "b"], "place": {"x": 1}, "large": True,
    }  # fmt: skip
    assert read_arguments(PAINT.parameters, {"name": "", "how": '"oil"', "large": "", "other": "x"}) == {
        "name": "",
        "how": "oil",
    }


@pytest.mark.parametrize("typed", [{"name": "a", "how": "ink"}, {"name": 7, "how": '"ink"'}, {"name": "x" * 200_000}])
def test_what_cannot_be_read_is_told(typed):
    with pytest.raises(BadArguments, match=r"^(how|name):"):
        read_arguments(PAINT.parameters, typed)
