"""Errors in the form in which OpenAI's clients expect them."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from assistant.api.sentences import TOLD, invalid
from assistant.errors import (
    AssistantError,
    BadQuestion,
    EngineError,
    SettingsError,
    StorageError,
    UnknownConversation,
    UnknownFile,
    UnknownLibrary,
)
from index.errors import LibraryError, LibraryLocked, UnknownDocument

log = logging.getLogger(__name__)

SERVERS_FAULT = 500
KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error",
         409: "conflict_error", 429: "rate_limit_error"}  # fmt: skip
# How a failed turn's kind is told over HTTP; what is not here is the server's fault.
STATUS = {"BadQuestion": 400, "SettingsError": 400, "UnknownLibrary": 404, "UnknownConversation": 404,
          "NothingWaits": 409, "EngineUnreachable": 502, "EngineTimeout": 504, "EngineRefused": 502, "EngineBusy": 503,
          "StorageError": 503, "OperationalError": 503, "ContextOverflow": 400,
          "BadCalls": 502, "EngineError": 502}  # fmt: skip
NOWHERE, NO_METHOD, AWAY = 404, 405, 503
# Clients ask again by themselves after so many seconds where it may be over soon.
AGAIN = {"retry-after": "2"}


class Fault(BaseModel):
    """What is wrong."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(BaseModel):
    """What a request gets that cannot be answered."""

    error: Fault


# For the OpenAPI document.
RESPONSES: dict[int | str, dict[str, Any]] = {"4XX": {"model": ErrorBody}, "5XX": {"model": ErrorBody}}


class ApiError(Exception):
    """A request that is refused.

    Args:
        status: The HTTP status.
        message: One line for the person.
        param: The field that is at fault, where one is.
        code: A word for programs, where there is one.
        **headers: Of the response; an underscore stands for a dash.
    """

    def __init__(
        self, status: int, message: str, param: str | None = None, code: str | None = None, **headers: str
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code = status, message, param, code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def body(status: int, message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """Returns an error object."""
    return {"error": {"message": message, "type": _kind(status), "param": param, "code": code}}


def _kind(status: int) -> str:
    return KINDS.get(status, "invalid_request_error" if status < SERVERS_FAULT else "server_error")


def add_handlers(application: FastAPI) -> None:
    """Lets an application answer every error in this form."""
    application.add_exception_handler(ApiError, _answer(refused))
    application.add_exception_handler(RequestValidationError, _answer(_invalid))
    application.add_exception_handler(HTTPException, _answer(_plain))
    application.add_exception_handler(AssistantError, _answer(_ours))
    application.add_exception_handler(LibraryError, _answer(_ours))
    application.add_exception_handler(sqlite3.Error, _answer(_unusable))
    application.add_exception_handler(Exception, _answer(_unforeseen))


def _answer(make: Callable[[Any], JSONResponse]) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def handle(request: Request, error: Exception) -> JSONResponse:
        return make(error)

    return handle


def refused(error: ApiError) -> JSONResponse:
    """Returns what a request gets that is refused."""
    return JSONResponse(body(error.status, error.message, error.param, error.code), error.status, headers=error.headers)


def _invalid(error: RequestValidationError) -> JSONResponse:
    line, field, code = invalid(error.errors())
    return JSONResponse(body(400, line, field, code), 400)


def _plain(error: HTTPException) -> JSONResponse:
    line = str(error.detail)
    if error.status_code == NO_METHOD:
        line = f"This address does not take this method; it takes {(error.headers or {}).get('Allow', 'others')}."
    elif error.status_code == NOWHERE and line == HTTPStatus.NOT_FOUND.phrase:
        line = "There is nothing at this address; /openapi.json tells what there is."
    return JSONResponse(body(error.status_code, line), error.status_code, headers=error.headers)


def _ours(error: AssistantError | LibraryError) -> JSONResponse:
    if isinstance(error, UnknownConversation | UnknownFile | UnknownLibrary | UnknownDocument):
        status = 404
    elif isinstance(error, EngineError):
        status = 502
    elif isinstance(error, StorageError | LibraryLocked):
        status = 503
    else:
        status = 400 if isinstance(error, BadQuestion | SettingsError) else 500
    log.warning("request failed: %s", error)
    line = TOLD.get(type(error).__name__, str(error))
    return JSONResponse(body(status, line), status, AGAIN if status == AWAY else None)


def _unusable(error: sqlite3.Error) -> JSONResponse:
    log.error("request failed", exc_info=error)
    return JSONResponse(body(503, "The server's database cannot be used just now; ask again in a moment."), 503, AGAIN)


def _unforeseen(error: Exception) -> JSONResponse:
    log.error("request failed", exc_info=error)
    return JSONResponse(body(500, "Something went wrong that we did not foresee; the log has it."), 500)
