"""Who calls, and whether they may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from assistant.api.errors import ApiError
from assistant.api.keys import LOCAL, Key, Keys, Scope
from assistant.web.buckets import Buckets

bearer = HTTPBearer(auto_error=False, description="An API key, as `assistant keys add NAME` prints it.")


class Access:
    """Lets callers in.

    Args:
        keys: The keys; None lets everybody in who can reach the server.
        often: How many requests each key may send.
    """

    def __init__(self, keys: Keys | None, often: Buckets) -> None:
        self._keys, self._often = keys, often

    def caller(self, given: HTTPAuthorizationCredentials | None) -> Key:
        """Returns who calls.

        Raises:
            ApiError: Nobody that is known, or too often.
        """
        key = self._known(given)
        if wait := self._often.wait(key.id):
            seconds = int(wait) + 1
            raise ApiError(429, f"Too many requests; try again in {seconds} s.", retry_after=str(seconds))
        return key

    def _known(self, given: HTTPAuthorizationCredentials | None) -> Key:
        if self._keys is None:
            return LOCAL
        found = self._keys.of(given.credentials) if given else None
        if found is None:
            told = "This API key is not known." if given else "Give an API key as the bearer token."
            raise ApiError(401, told, code="invalid_api_key", www_authenticate="Bearer")
        return found


def needs(scope: Scope) -> Callable[..., Key]:
    """Returns a dependency: the caller, whose key must have a scope."""

    def caller(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Key:
        access: Access = request.app.state.access
        key = access.caller(given)
        if scope not in key.scopes:
            raise ApiError(403, f"This key lacks the scope {scope!r}; it has: {', '.join(sorted(key.scopes))}.")
        return key

    return caller
