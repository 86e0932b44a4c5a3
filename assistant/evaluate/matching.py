"""Whether a call is right by the rules of the Berkeley Function Calling Leaderboard.

Patil et al., The Berkeley Function Calling Leaderboard, ICML 2025, https://gorilla.cs.berkeley.edu/leaderboard.html,
"AST evaluation": the function's name must be the expected one, no required parameter may be missing and none may be
added, and each value must be one of the accepted ones. An empty text among those says that it may be left out. Texts
are compared without case, spaces and the signs ``,./-_*^``; an integer is taken for a float.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

SIGNS = re.compile(r"[ ,./\-_*^]")
PYTHON: dict[str, Any] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}


def is_right(name: str, arguments: Mapping[str, Any], function: Mapping[str, Any], accepted: Mapping[str, Any]) -> bool:
    """Judges one call.

    Args:
        name: The function that was called.
        arguments: Its arguments.
        function: The expected function's description.
        accepted: Each parameter's accepted values, from the ground truth.
    """
    schema = function["parameters"]
    if name != function["name"] or any(parameter not in arguments for parameter in schema.get("required", [])):
        return False
    if any(parameter not in accepted or parameter not in schema["properties"] for parameter in arguments):
        return False
    left_out = [values for parameter, values in accepted.items() if parameter not in arguments]
    if any("" not in values for values in left_out):
        return False
    return all(is_accepted(value, schema["properties"][key], accepted[key]) for key, value in arguments.items())


def is_accepted(value: Any, schema: Mapping[str, Any], accepted: Sequence[Any]) -> bool:
    """Judges one value of a parameter that the schema describes."""
    expected: Any = PYTHON[schema["type"]]
    if expected is float and type(value) is int:
        value = float(value)
    kind = next((type(answer) for answer in accepted if answer != ""), expected)
    if type(value) is not expected:  # a variable's name may stand for the value
        return type(value) is kind and value in accepted
    if kind is not expected:
        return value in accepted
    if expected is dict:
        return _is_accepted_dict(value, accepted)
    if expected is list and schema.get("items", {}).get("type") == "dict":
        lists = [answer for answer in accepted if len(answer) == len(value)]
        return any(all(_is_like(one, other) for one, other in zip(value, answer, strict=True)) for answer in lists)
    return plain(value) in [plain(answer) for answer in accepted]


def plain(value: Any) -> Any:
    """The value as it is compared."""
    if isinstance(value, str):
        return SIGNS.sub("", value).lower().replace("'", '"')
    return [plain(item) if isinstance(item, str) else item for item in value] if isinstance(value, list) else value


def _is_accepted_dict(value: Mapping[str, Any], accepted: Sequence[Any]) -> bool:
    return any(_is_like(value, answer) for answer in accepted if answer != "")


def _is_like(value: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    known = all(key in answer and plain(item) in [plain(one) for one in answer[key]] for key, item in value.items())
    return known and all(key in value or "" in answer[key] for key in answer)


def all_right(
    calls: Sequence[tuple[str, Mapping[str, Any]]],
    functions: Sequence[Mapping[str, Any]],
    truth: Sequence[Mapping[str, Any]],
) -> bool:
    """Whether the calls are the expected ones, in any order.

    Args:
        calls: Names with arguments.
        functions: The offered functions.
        truth: For each expected call, its name with the accepted values.
    """
    if len(calls) != len(truth):
        return False
    described = {function["name"]: function for function in functions}
    left = list(calls)
    for expected in truth:
        ((name, accepted),) = expected.items()
        match = next((call for call in left if is_right(*call, described[name], accepted)), None)
        if match is None:
            return False
        left.remove(match)
    return True
