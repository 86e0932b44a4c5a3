"""Each failure of a server in one sentence."""

from __future__ import annotations

from email.utils import formatdate
from time import time

import pytest

from assistant.engines.faults import BrokenOff, Refusal, retry_after, translate
from assistant.errors import ContextOverflow, EngineBusy, EngineError, EngineRefused

URL = "http://there/v1"
NGINX = "<html>\n<head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"


def refused(code: int, body: object, retry_after: str | None = None) -> EngineError:
    return translate(Refusal(code, body, retry_after), URL, 60)


@pytest.mark.parametrize(
    ("code", "body", "said"),
    [
        (500, {"error": {"message": "CUDA out of memory"}}, "answered 500: CUDA out of memory."),
        (404, {"object": "error", "message": "The model `x` does not exist.", "code": 404}, "`x` does not exist."),
        (422, {"detail": "no such field"}, "answered 422: no such field."),
        (502, NGINX, "answered 502: a web page, “502 Bad Gateway”."),
        (400, "", "answered 400"),
    ],
)
def test_a_refusal_is_told_with_its_reason(code: int, body: object, said: str) -> None:
    error = refused(code, body)
    assert isinstance(error, EngineRefused)
    assert said in str(error)
    assert str(error).startswith(f"The server at {URL} ")
    assert "\n" not in str(error)
    assert error.passing is (code in (500, 502))


def test_a_busy_server_says_how_long() -> None:
    error = refused(429, {"error": {"message": "slow down"}}, retry_after="7")
    assert isinstance(error, EngineBusy)
    assert error.wait == 7
    assert "answered 429: slow down; it asks to wait 7 s" in str(error)
    assert getattr(refused(503, ""), "wait", 0) is None


def test_the_time_to_wait_may_be_a_date() -> None:
    assert 5 < (retry_after(formatdate(time() + 10, usegmt=True)) or 0) <= 10
    assert retry_after(formatdate(time() - 10, usegmt=True)) == 0
    assert retry_after("soon") is None
    assert retry_after(None) is None


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (
            {
                "error": {
                    "message": "This model's maximum context length is 1024 tokens. However, your request has 1500 "
                    "input tokens. Please reduce the length of the input messages.",
                    "type": "BadRequestError",
                    "code": 400,
                }
            },
            1024,
        ),
        (
            {
                "object": "error",
                "message": "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens "
                "(112946 in the messages, 10000 in the completion).",
                "code": 400,
            },
            16384,
        ),
        (
            {"error": {"message": "the request exceeds the available context size (4096 tokens), try increasing it",
                       "type": "exceed_context_size_error"}},
            4096,
        ),
        ({"error": {"message": "max_tokens must be at least 1, got -186."}}, None),
    ],
)  # fmt: skip
def test_a_request_that_is_too_long_is_known_as_such(body: object, limit: int | None) -> None:
    error = refused(400, body)
    assert isinstance(error, ContextOverflow)
    assert error.limit == limit


def test_an_error_within_the_stream_is_told() -> None:
    error = translate(BrokenOff({"message": "EngineCore died"}), URL, 60, begun=True)
    assert str(error) == f"The server at {URL} broke off with an error: EngineCore died."
