"""OpenID Connect: the authorization code flow with PKCE, and the check of what the provider says of a person.

Sources: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3.7; RFC 7636; RFC 9207.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from assistant.accounts.identity import Role
from assistant.errors import AccountError
from assistant.settings import OpenIdProvider

# What a signature may be made with: never "none", and never the secret that both sides know.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
SECONDS_TO_SIGN_IN = 600.0
CLOCKS_APART = 60
MOST_PENDING = 1000


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for.

    Attributes:
        subject: Names the person there for good.
        name: As people know it.
        role: By the person's groups; None where they say nothing.
    """

    subject: str
    name: str
    role: Role | None


@dataclass(frozen=True, slots=True)
class _Pending:
    verifier: str
    nonce: str
    back: str
    began: float


class OpenId:
    """Signs people in at a provider.

    Args:
        provider: From the settings.
        secret: What was agreed on with the provider; empty for a public client.
        timeout: Seconds for each of its answers.
    """

    def __init__(self, provider: OpenIdProvider, secret: str, timeout: float = 10) -> None:
        self.provider = provider
        self._secret, self._timeout = secret, timeout
        self._told: Mapping[str, Any] | None = None
        # By the state that only the browser which began knows; they go when they are used.
        self._pending: OrderedDict[str, _Pending] = OrderedDict()

    async def begin(self, back: str) -> tuple[str, str]:
        """Begins to sign somebody in.

        Args:
            back: Where the provider shall lead the browser.

        Returns:
            Where to lead the browser, and the state that it has to bring back in a cookie.

        Raises:
            AccountError: The provider does not answer.
        """
        told = await self._discovered()
        state, verifier, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        self._pending[state] = _Pending(verifier, nonce, back, time.monotonic())
        while len(self._pending) > MOST_PENDING:
            self._pending.popitem(last=False)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": back,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{told['authorization_endpoint']}?{urlencode(query)}", state

    async def finish(self, state: str, code: str, issuer: str = "") -> Person:
        """Finds out whom the provider has signed in.

        Args:
            state: As the browser brought it back in address and cookie alike.
            code: As it came with it.
            issuer: Who says so, where the provider tells (RFC 9207).

        Raises:
            AccountError: It was begun too long ago or elsewhere, or the provider's word does not hold.
        """
        pending = self._pending.pop(state, None)
        if pending is None or pending.began < time.monotonic() - SECONDS_TO_SIGN_IN:
            raise AccountError("Signing in was begun too long ago, or twice at once.")
        if issuer and issuer != self.provider.issuer:
            raise AccountError("Another provider has answered.")
        told = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": pending.back,
            "client_id": self.provider.client_id,
            "code_verifier": pending.verifier,
        } | ({"client_secret": self._secret} if self._secret else {})
        tokens = await self._json("POST", str(told["token_endpoint"]), form)
        keys = await self._json("GET", str(told["jwks_uri"]))
        return self._person(self._claims(str(tokens.get("id_token", "")), keys, pending.nonce))

    def _claims(self, token: str, keys: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        registry = jwt.JWTClaimsRegistry(
            leeway=CLOCKS_APART,
            iss={"essential": True, "value": self.provider.issuer},
            aud={"essential": True, "value": self.provider.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            decoded = jwt.decode(token, KeySet.import_key_set(dict(keys)), algorithms=ALGORITHMS)  # type: ignore[arg-type]
            registry.validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise AccountError(f"The provider's word does not hold ({error}).") from error
        claims: dict[str, Any] = dict(decoded.claims)
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self.provider.client_id:
            raise AccountError("The provider's word is meant for somebody else.")
        return claims

    def _person(self, claims: Mapping[str, Any]) -> Person:
        chosen = self.provider
        name = str(claims.get(chosen.name) or claims.get("email") or claims["sub"])
        return Person(f"oidc:{chosen.issuer}|{claims['sub']}", name, self._role(claims))

    def _role(self, claims: Mapping[str, Any]) -> Role | None:
        chosen = self.provider
        if chosen.roles is None:
            return None
        groups = claims.get(chosen.roles, [])
        held = {groups} if isinstance(groups, str) else {each for each in groups if isinstance(each, str)}
        if chosen.admins in held:
            return "admin"
        return "viewer" if chosen.viewers in held else "user"

    async def _discovered(self) -> Mapping[str, Any]:
        if self._told is None:
            told = await self._json("GET", f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
            if told.get("issuer") != self.provider.issuer:
                raise AccountError(f"The provider calls itself {told.get('issuer')}, not {self.provider.issuer}.")
            self._told = told
        return self._told

    async def _json(self, method: str, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(timeout=self._timeout) as client:
                answer = await client.request(method, url, data=form)
                answer.raise_for_status()
                found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise AccountError(f"The OpenID provider at {self.provider.issuer} does not answer ({error}).") from error
        if not isinstance(found, dict):
            raise AccountError(f"The OpenID provider at {self.provider.issuer} answers with nonsense.")
        return found
