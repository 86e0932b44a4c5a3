"""What a proxy in front says of a request: believed from the proxies that the settings name, struck out else."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network
TOLD = ("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-server", "x-real-ip")


class Forwarded:
    """Puts the client, the scheme and the host in their places, so that nothing behind looks at the headers.

    Args:
        app: What answers.
        proxies: Who is believed.
        header: Names the person; struck out as well unless a proxy set it.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[Network] = (), header: str = "") -> None:
        self._app, self._proxies = app, proxies
        self._struck = (*TOLD, header.lower()) if header else TOLD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] == "http":
            headers = MutableHeaders(scope=scope)
            if self._trusted((scope.get("client") or ("", 0))[0]):
                self._believe(scope, headers)
            else:
                _strike(headers, self._struck)
        await self._app(scope, receive, send)

    def _believe(self, scope: Scope, headers: MutableHeaders) -> None:
        hops = [hop.strip() for hop in ",".join(headers.getlist("x-forwarded-for")).split(",") if hop.strip()]
        # From the right, since whoever asks can put anything at the left.
        if client := next((hop for hop in reversed(hops) if not self._trusted(hop)), None):
            scope["client"] = (client, 0)
        if (scheme := headers.get("x-forwarded-proto", "").rpartition(",")[2].strip()) in ("http", "https"):
            scope["scheme"] = scheme
        if host := headers.get("x-forwarded-host", "").rpartition(",")[2].strip():
            headers["host"] = host
        _strike(headers, TOLD)

    def _trusted(self, address: str) -> bool:
        try:
            ip = ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self._proxies)


def _strike(headers: MutableHeaders, names: Sequence[str]) -> None:
    for name in names:
        del headers[name]
