"""The first process of a container: starts the kernel, and leads its sockets over standard input and output.

A container shares no folder and no open file with the assistant, and with gVisor it could not. So what would go
through the kernel's sockets goes through the two streams, in frames: the socket's number (one byte), the length (four
bytes, big-endian), and the bytes. Frames of number 0 hold what the relay says itself: ``ready``, or what went wrong.

Like all of the sandbox it is not believed: code in the container may take its place.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

SOCKETS = "/sockets"
HEADER = struct.Struct(">BI")
PIECE = 1 << 16
SAYS = 0

_writing = threading.Lock()


def main(order: dict[str, Any]) -> None:
    """Serves one kernel until it ends, or until nobody is left to serve.

    Args:
        order: ``inside``, the text of the module of that name; ``kernel``, what it is told; ``numbers``, of the
            sockets that are led out.
    """
    kernel, said = _start(order)
    if said != "ready":
        _send(SAYS, said.encode())
        os._exit(1)
    channels = {number: _connected(number) for number in order["numbers"]}
    _send(SAYS, b"ready")
    for number, channel in channels.items():
        threading.Thread(target=_lead_out, args=(number, channel), daemon=True).start()
    threading.Thread(target=_wait, args=(kernel,), daemon=True).start()
    _lead_in(channels)
    os._exit(0)


def _start(order: dict[str, Any]) -> tuple[int, str]:
    for name, values in order["kernel"]["of_process"].items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), tuple(values))
    Path(os.environ["HOME"]).mkdir(parents=True, exist_ok=True)
    (Path(SOCKETS) / "inside.py").write_text(order["inside"])
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = f"import sys; sys.path.append({SOCKETS!r}); import inside; inside.main({theirs.fileno()})"
    kernel = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-B", "-c", program],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    theirs.close()
    ours.send(json.dumps(order["kernel"]).encode())
    said, folders, *_ = socket.recv_fds(ours, 4096, 2)
    for folder in folders:
        os.close(folder)
    ours.close()
    return kernel.pid, said.decode(errors="replace") or "it ended at once"


def _connected(number: int) -> socket.socket:
    channel = socket.socket(socket.AF_UNIX)
    channel.connect(f"{SOCKETS}/k-{number}")
    return channel


def _lead_out(number: int, channel: socket.socket) -> None:
    while data := channel.recv(PIECE):
        _send(number, data)


def _lead_in(channels: dict[int, socket.socket]) -> None:
    while header := sys.stdin.buffer.read(HEADER.size):
        number, length = HEADER.unpack(header)
        channels[number].sendall(sys.stdin.buffer.read(length))


def _wait(kernel: int) -> None:
    """Ends with the kernel, and buries on the way what others have left, as the first process has to."""
    while True:
        pid, status = os.wait()
        if pid == kernel:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _send(number: int, data: bytes) -> None:
    with _writing:
        sys.stdout.buffer.write(HEADER.pack(number, len(data)) + data)
        sys.stdout.buffer.flush()
