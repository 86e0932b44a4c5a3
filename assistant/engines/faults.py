"""What a server's failures mean for the person, each in one sentence."""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from time import time

import aiohttp

from assistant.errors import ContextOverflow, EngineBusy, EngineError, EngineRefused, EngineTimeout, EngineUnreachable

LONGEST = 200
HTML = re.compile(r"\s*<(!doctype\s+html|html|head|body)\b", re.I)
TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.I | re.S)
TAG = re.compile(r"<[^>]+>")
# How servers put it that a request is too long: vLLM, OpenAI, llama.cpp, LM Studio, SGLang.
TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|(?:maximum|max(?:imum)?[ _]model|available|model'?s) context|"
    r"context (?:length|window|size)|maximum input length|max_model_len|prompt is too long|"
    r"longer than the (?:maximum|model)|max_tokens must be at least 1",
    re.I,
)
LIMIT = re.compile(
    r"(?:context (?:length|window|size)(?: of| is)?|max_model_len|n_ctx\W+|maximum input length of)\D{0,20}?(\d{3,})",
    re.I,
)
BUSY = (429, 503)
# What the server may get over by itself.
PASSING = (500, 502, 504)


class Refusal(Exception):
    """A response with an error's status.

    Args:
        code: The status.
        body: What the server says: JSON, or text.
        retry_after: The header of this name.
    """

    def __init__(self, code: int, body: object, retry_after: str | None = None) -> None:
        super().__init__(f"status {code}")
        self.code, self.body, self.retry_after = code, body, retry_after


class BrokenOff(Exception):
    """What a server says within a stream that it cannot go on with.

    Args:
        body: What it says.
    """

    def __init__(self, body: object) -> None:
        super().__init__("an error in the stream")
        self.body = body


def translate(error: Exception, url: str, patience: float, *, begun: bool = False) -> EngineError:
    """Returns the error that a person can act on.

    Args:
        error: What the client raised.
        url: Where it was asked.
        patience: Seconds that were waited at most.
        begun: Whether a part of the reply had come.
    """
    where = f"The server at {url}"
    match error:
        case EngineError():
            return error
        case TimeoutError():
            return EngineTimeout(f"{where} gave no answer for {patience:g} s; see engine.timeout, or its log.")
        case Refusal():
            return _refusal(error, where)
        case BrokenOff():
            return _by_text(_reason(error.body), f"{where} broke off with an error: ")
        case aiohttp.ClientError():
            return _unreachable(error, where, begun=begun)
    return EngineRefused(f"{where} answered with something that is no chat completion ({type(error).__name__}).")


def _unreachable(error: aiohttp.ClientError, where: str, *, begun: bool) -> EngineUnreachable:
    if begun:
        return EngineUnreachable(f"{where} broke off in the middle of the answer; ask again.")
    reason = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return EngineUnreachable(f"{where} cannot be reached ({reason}); is it running?")


def _refusal(error: Refusal, where: str) -> EngineError:
    reason = _reason(error.body)
    if error.code in BUSY:
        wait = retry_after(error.retry_after)
        when = f"; it asks to wait {wait:.0f} s" if wait else "; ask again in a moment"
        return EngineBusy(f"{where} is busy, it answered {error.code}: {reason}{when}.", wait)
    return _by_text(reason, f"{where} answered {error.code}: ", passing=error.code in PASSING)


def _by_text(reason: str, lead: str, *, passing: bool = False) -> EngineError:
    if TOO_LONG.search(reason):
        found = LIMIT.search(reason)
        return ContextOverflow(f"{lead}{reason}.", int(found[1]) if found else None)
    refused = EngineRefused(f"{lead}{reason.rstrip('.')}.")
    refused.passing = passing
    return refused


def page_instead(url: str) -> EngineRefused:
    """Returns the error for a web page in place of a reply."""
    return EngineRefused(
        f"The server at {url} answered with a web page, which is no chat completion; check the address, "
        "which mostly ends in /v1."
    )


def retry_after(header: str | None) -> float | None:
    """Returns the seconds that a ``Retry-After`` asks for; None where there is none that can be read."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time())
    except ValueError:
        return None


def _reason(body: object) -> str:
    """What the server says is wrong, in one short line; of a web page its title."""
    if isinstance(body, dict):
        inner = body.get("error", body)
        inner = inner.get("message") if isinstance(inner, dict) else inner
        body = inner or body.get("message") or body.get("detail") or json.dumps(body)
    text = str(body or "no reason is given")
    if HTML.match(text):
        title = TITLE.search(text)
        text = f"a web page, “{TAG.sub(' ', title[2]).strip()}”" if title else "a web page"
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
