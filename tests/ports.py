"""Ports for servers of the tests."""

import socket


def free_port() -> int:
    """Returns a port of this machine that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
