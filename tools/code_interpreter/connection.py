"""The messages that are exchanged with a kernel, over its sockets.

What comes from a kernel may be forged by the code that runs in it. So every message is limited in size and looked at
before it is believed, and a lost connection is never made anew: the name of the socket may lead elsewhere by then.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any, Literal

import zmq
import zmq.asyncio
from jupyter_client.session import Session

from .limits import Limits

Message = dict[str, Any]
Channel = Literal["iopub", "shell", "control"]

USED: tuple[Channel, ...] = ("iopub", "shell", "control")
# In the order in which the kernel numbers its sockets.
NUMBERED = ("shell", "iopub", "stdin", "control", "hb")
# Messages that wait on this side; the kernel keeps the others, within its own limit of memory.
WAITING = 16

# What reading forged data raises.
UNREADABLE = (KeyError, TypeError, AttributeError, ValueError, SyntaxError, MemoryError, RecursionError)


class Broken(Exception):
    """The connection cannot be used any more; the text says why."""


class Connection:
    """The sockets of one kernel."""

    def __init__(self, context: zmq.asyncio.Context, folder: int, key: str, limits: Limits) -> None:
        """Connects.

        Args:
            context: Shared by all connections.
            folder: Open folder of the kernel's sockets, which is closed in the end.
            key: With which both sides sign.
            limits: Of the messages' size.
        """
        self._folder = folder
        self._session = Session(key=key.encode())
        self._sockets = {name: _connect(context, folder, name, limits) for name in USED}
        self._poller = zmq.asyncio.Poller()
        for name in ("iopub", "shell"):
            self._poller.register(self._sockets[name], zmq.POLLIN)

    def send(self, channel: Channel, kind: str, content: Message) -> str:
        """Sends a message and returns its id.

        Raises:
            Broken: The other side is gone.
        """
        message = self._session.msg(kind, content)
        try:
            self._session.send(self._sockets[channel], message)
        except zmq.ZMQError:
            raise Broken("its connection was lost") from None
        return str(message["header"]["msg_id"])

    async def waiting(self, seconds: float | None = None) -> list[Channel]:
        """Waits for messages; returns where there are any, publications first, and nothing when the time is over."""
        ready = dict(await self._poller.poll(None if seconds is None else seconds * 1000))
        return [name for name in USED if self._sockets[name] in ready]

    async def receive(self, channel: Channel) -> tuple[Message, int]:
        """Returns the next message and its size in bytes.

        Raises:
            Broken: It is no message of a kernel.
        """
        try:
            parts = await self._sockets[channel].recv_multipart()
            _, frames = self._session.feed_identities(parts)
            message = self._session.deserialize(frames)
        except (*UNREADABLE, zmq.ZMQError) as error:
            raise Broken("it sent a malformed message") from error
        if not all(isinstance(message.get(name), dict) for name in ("header", "parent_header", "content")):
            raise Broken("it sent a malformed message")
        return message, sum(map(len, parts))

    def close(self) -> None:
        """Closes the sockets and their folder."""
        for channel in self._sockets.values():
            channel.close(linger=0)
        os.close(self._folder)


def parent(message: Message) -> Any:
    """Returns the id of the request that a message belongs to."""
    return message["parent_header"].get("msg_id")


def request(code: str, silent: bool = False, user_expressions: dict[str, str] | None = None) -> Message:
    """Returns the content of an ``execute_request``."""
    return {
        "code": code, "silent": silent, "store_history": not silent, "user_expressions": user_expressions or {},
        "allow_stdin": False, "stop_on_error": False,
    }  # fmt: skip


async def readable(number: int) -> None:
    """Waits until a file descriptor can be read."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(number, event.set)
    try:
        await event.wait()
    finally:
        loop.remove_reader(number)


def _connect(context: zmq.asyncio.Context, folder: int, name: str, limits: Limits) -> zmq.asyncio.Socket:
    made = context.socket(zmq.SUB if name == "iopub" else zmq.DEALER)
    made.setsockopt(zmq.RECONNECT_IVL, -1)
    made.setsockopt(zmq.MAXMSGSIZE, limits.message_bytes)
    made.setsockopt(zmq.RCVHWM, WAITING)
    made.setsockopt(zmq.SNDTIMEO, 0)
    made.setsockopt(zmq.LINGER, 0)
    if name == "iopub":
        made.setsockopt(zmq.SUBSCRIBE, b"")
    # Through the open folder no name of the host's is looked up, and the path is never too long for a socket.
    made.connect(f"ipc:///proc/self/fd/{folder}/k-{NUMBERED.index(name) + 1}")
    return made
