"""What the code may use up, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one sandbox, unless stated otherwise.

    Attributes:
        seconds: Wall time of one call.
        grace: Seconds that interrupted code has to stop before its process is killed.
        start_seconds: Wall time until a kernel must be ready.
        cpu_seconds: CPU time of one process over its life.
        memory: Bytes that one process may map, and that all together may have resident, files included.
        processes: Processes and threads.
        open_files: Open files of one process.
        file_bytes: Largest file.
        disk: Bytes that all files may take.
        inodes: Files and folders.
        output_characters: Of standard output and of standard error that leave the sandbox in one call.
        shown_characters: Of each that the model is shown.
        files: Files and pictures that one call may return.
        returned_bytes: Their size together.
        message_bytes: Largest message that is accepted from a kernel.
        traffic_bytes: All messages of one call together.
        messages: Their number.
        idle_seconds: A kernel that was not used for so long is ended.
        kernels: Kernels at once, in all conversations.
        spares: Kernels beside them that wait for a new conversation, 0 or 1.
    """

    seconds: float = 120
    grace: float = 3
    start_seconds: float = 30
    cpu_seconds: int = 1800
    memory: int = 4096 * MIB
    processes: int = 128
    open_files: int = 256
    file_bytes: int = 256 * MIB
    disk: int = 512 * MIB
    inodes: int = 20_000
    output_characters: int = 1_000_000
    shown_characters: int = 20_000
    files: int = 20
    returned_bytes: int = 64 * MIB
    message_bytes: int = 24 * MIB
    traffic_bytes: int = 192 * MIB
    messages: int = 20_000
    idle_seconds: float = 900
    kernels: int = 24
    spares: int = 1

    def of_process(self) -> dict[str, tuple[int, int]]:
        """Returns the resource limits of each process: the name after ``RLIMIT_``, the soft and the hard value."""
        same = {
            "AS": self.memory, "NPROC": self.processes, "FSIZE": self.file_bytes, "NOFILE": self.open_files,
            "STACK": 8 * MIB, "MEMLOCK": 65536, "CORE": 0, "MSGQUEUE": 0, "RTPRIO": 0,
        }  # fmt: skip
        # At its soft limit a process gets a signal that names the reason, at its hard one it is killed.
        return {name: (value, value) for name, value in same.items()} | {
            "CPU": (self.cpu_seconds, self.cpu_seconds + 5)
        }
