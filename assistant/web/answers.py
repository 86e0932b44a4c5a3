"""What a request gets that is not let through: a status and one clear line, as Gradio's page shows it."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response


def refusal(status: int, line: str, **headers: str) -> Response:
    """Returns a response that refuses.

    Args:
        status: The HTTP status.
        line: Why, for the person.
        **headers: Of the response; an underscore stands for a dash.
    """
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse({"error": line, "detail": line}, status, headers={"cache-control": "no-store", **named})
