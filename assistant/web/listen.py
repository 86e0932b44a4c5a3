"""Listens on an address."""

from __future__ import annotations

import socket

from assistant.errors import SettingsError


def listen(host: str, port: int) -> socket.socket:
    """Returns a socket that listens.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named, since asyncio only turns Nagle's delay off where it sees that the protocol is TCP.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Cannot listen on {host}:{port} ({error.strerror}); choose another with --host or --port."
        ) from error
    return listener
