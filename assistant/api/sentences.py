"""What is wrong with a request, as one sentence for a person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.api.fields import NOT_GIVEN

NO_BODY = "The request needs a body: a JSON object, with the header content-type: application/json."
# Parts of a fault's place that name a type instead of a field.
TYPES = re.compile(r"str|int|bool|float|[A-Z]\w*|(constrained|function|list|tagged|lax|json|nullable)\b.*")
# What the person is told of errors of ours in place of their own text, which is for the command line and the log.
TOLD = {
    "UnknownLibrary": "There is no such library; see /v1/libraries.",
    "LibraryDamaged": "The library is damaged; those who run the server find in its log what helps.",
    "UnknownDocument": "There is no such document in this library; see /v1/libraries/NAME/documents.",
    "UnknownConversation": "There is no such conversation of this key; see /v1/conversations.",
}


def invalid(errors: Sequence[Mapping[str, Any]]) -> tuple[str, str | None, str]:
    """Returns what is told of a request that does not fit.

    Args:
        errors: What pydantic found.

    Returns:
        A sentence, the field, and the kind of fault.
    """
    first = errors[0]
    if first["type"] == "json_invalid":
        return f"The body is no JSON: {first['ctx']['error']} at character {first['loc'][-1]}.", None, first["type"]
    # Where there are several forms, what is said of the one that was followed farthest.
    where = max((_place(each) for each in errors), key=len)
    faults = [each for each in errors if _place(each) == where]
    if not where:
        return NO_BODY, None, faults[0]["type"]
    field = ".".join(map(str, where))
    return _sentence(field, where[0], faults), field, faults[0]["type"]


def _place(error: Mapping[str, Any]) -> list[str | int]:
    """Returns the names of the fields, without where the request holds them and which form they were taken for."""
    source, *parts = error["loc"]
    if source not in ("body", "query", "path", "header"):
        parts = [source, *parts]
    return [each for each in parts if isinstance(each, int) or not TYPES.fullmatch(each)]


def _sentence(field: str, root: str | int, faults: Sequence[Mapping[str, Any]]) -> str:
    kind, says = faults[0]["type"], list(dict.fromkeys(_lower(str(each["msg"])) for each in faults))
    if kind == "missing":
        return f"{field}: this field is missing."
    if kind == "extra_forbidden":
        return f"{field}: this field is not known."
    if "UploadFile" in says[0]:
        return f"{field}: this must be a file with a name, in a form (multipart/form-data)."
    if root in NOT_GIVEN:
        return f"{root}: {NOT_GIVEN[str(root)]}."
    return f"{field}: {' or '.join(says)}."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
