"""Who calls, and whether they may."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from assistant.api.errors import ApiError
from assistant.api.keys import LOCAL, Key, Keys, Scope, present
from assistant.errors import SettingsError, StorageError
from assistant.records import Place
from assistant.web.buckets import Buckets

# Where the gate leaves who calls.
CALLER = "assistant.caller"
# Wrong keys that an address may send a minute, and at once. A right one is always let in: behind a proxy all callers
# have one address.
WRONG, WRONG_AT_ONCE = 60, 20
# Seconds after which a server that was begun without keys looks again whether there are any.
LOOK = 1.0
WRONG_KEY = "invalid_api_key"
AWAY = "The keys cannot be read at the moment; try again."

Found = TypeVar("Found")

bearer = HTTPBearer(auto_error=False, description="An API key, as `assistant keys add NAME` prints it.")


class Access:
    """Lets callers in.

    Args:
        keys: The keys; None where there are none yet, so that everybody is let in who can reach the server.
        often: How many requests each key may send.
        place: Where keys are looked for while there are none.
    """

    def __init__(self, keys: Keys | None, often: Buckets, place: Place) -> None:
        self._keys, self._often, self._place = keys, often, place
        self._wrong = Buckets(WRONG, WRONG_AT_ONCE)
        self._looking, self._look_at = threading.Lock(), 0.0

    async def caller(self, authorization: str, address: str) -> Key:
        """Returns who calls.

        Args:
            authorization: The header of this name; empty where there is none.
            address: Where the call comes from.

        Raises:
            ApiError: Nobody that is known, too often, or the keys cannot be read.
        """
        try:
            key = await self._known(authorization)
        except ApiError as error:
            if error.code == WRONG_KEY and (wait := self._wrong.wait(address)):
                raise _too_often("Too many wrong keys", wait) from None
            raise
        if wait := self._often.wait(key.id):
            raise _too_often("Too many requests", wait)
        return key

    async def _known(self, authorization: str) -> Key:
        keys = self._keys or await self._late()
        if keys is None:
            return LOCAL
        scheme, secret = get_authorization_scheme_param(authorization)
        if scheme.lower() != "bearer" or not secret:
            raise _unknown("Give an API key as the bearer token.")
        if (found := await _read(keys.of, secret)) is None:
            raise _unknown("This API key is not known.")
        return found

    async def _late(self) -> Keys | None:
        return None if time.monotonic() < self._look_at else await _read(self._look)

    def _look(self) -> Keys | None:
        with self._looking:
            if self._keys is None and time.monotonic() >= self._look_at:
                if present(self._place):
                    self._keys = Keys(self._place)
                self._look_at = time.monotonic() + LOOK
        return self._keys

    def close(self) -> None:
        """Closes the keys, where there are any by now."""
        if self._keys is not None:
            self._keys.close()


async def _read(read: Callable[..., Found], *values: Any) -> Found:
    try:
        return await asyncio.to_thread(read, *values)
    except (SettingsError, StorageError, sqlite3.Error):
        # Who calls is not known then, so that what the database is called is none of their business.
        raise ApiError(503, AWAY, retry_after="2") from None


def _unknown(told: str) -> ApiError:
    return ApiError(401, told, code=WRONG_KEY, www_authenticate="Bearer")


def _too_often(what: str, wait: float) -> ApiError:
    seconds = int(wait) + 1
    return ApiError(429, f"{what}; try again in {seconds} s.", retry_after=str(seconds))


def needs(scope: Scope) -> Callable[..., Any]:
    """Returns a dependency: the caller, whose key must have a scope."""

    async def caller(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Key:
        key: Key = request.scope[CALLER]
        if scope not in key.scopes:
            raise ApiError(403, f"This key lacks the scope {scope!r}; it has: {', '.join(sorted(key.scopes))}.")
        return key

    return caller
