"""What a server's failures mean for the person, each in one sentence."""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from time import time

import httpx2
import openai

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


def translate(error: Exception, url: str, patience: float, *, begun: bool = False) -> EngineError:
    """Returns the error that a person can act on.

    Args:
        error: What the client raised.
        url: Where it was asked.
        patience: Seconds that were waited at most.
        begun: Whether a part of the reply had come.
    """
    where = f"The server at {url}"
    # What is raised while a response is looked at comes as the cause of another error.
    if own := next((each for each in (error, error.__cause__) if isinstance(each, EngineError)), None):
        return own
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException | TimeoutError):
        return EngineTimeout(f"{where} gave no answer for {patience:g} s; see engine.timeout, or its log.")
    if isinstance(error, openai.APIConnectionError | httpx2.TransportError):
        return _unreachable(error, where, begun=begun)
    if isinstance(error, openai.APIError) and error.message:
        return _refusal(error, where)
    return EngineRefused(f"{where} answered with something that is no chat completion ({type(error).__name__}).")


def _unreachable(error: Exception, where: str, *, begun: bool) -> EngineUnreachable:
    if begun:
        return EngineUnreachable(f"{where} broke off in the middle of the answer; ask again.")
    return EngineUnreachable(f"{where} cannot be reached ({error.__cause__ or error}); is it running?")


def _refusal(error: openai.APIError, where: str) -> EngineError:
    reason = _reason(error.body, error.message)
    if not isinstance(error, openai.APIStatusError):  # it came within the stream
        return _by_text(reason, f"{where} broke off with an error: ")
    code = error.status_code
    if code in BUSY:
        wait = retry_after(error.response.headers.get("retry-after"))
        when = f"; it asks to wait {wait:.0f} s" if wait else "; ask again in a moment"
        return EngineBusy(f"{where} is busy, it answered {code}: {reason}{when}.", wait)
    return _by_text(reason, f"{where} answered {code}: ", passing=code in PASSING)


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


def _reason(body: object, message: str) -> str:
    """What the server says is wrong, in one short line; of a web page its title."""
    if isinstance(body, dict):
        inner = body.get("error", body)
        inner = inner.get("message") if isinstance(inner, dict) else inner
        body = inner or body.get("message") or body.get("detail") or json.dumps(body)
    text = str(body or message)
    if HTML.match(text):
        title = TITLE.search(text)
        text = f"a web page, “{TAG.sub(' ', title[2]).strip()}”" if title else "a web page"
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
