"""The words of what the server refuses, by code."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

from ui.language import COOKIE, LANGUAGES, asked_for, texts


def phrase(headers: Headers, code: str, values: Mapping[str, object]) -> str:
    """Returns why a request was refused.

    Args:
        headers: The request's; they say the language.
        code: As the web layer names it.
        values: What the text says in its places.
    """
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        jar.clear()
    chosen = jar[COOKIE].value if COOKIE in jar else ""
    language = chosen if chosen in LANGUAGES else asked_for(headers.get("accept-language", ""))
    return texts(language)(f"refused.{code}", **values)
