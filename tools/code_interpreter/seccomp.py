"""The system calls that a sandboxed process may not make, as a BPF program for ``bwrap --seccomp``.

Computing needs none of them, and kernels were broken through them before: mounts and namespaces, tracing, kernel
keys, BPF, io_uring, loading of modules and kernels, clocks, and memory that belongs to no process and so escapes
the limits. Sockets are of the UNIX and Internet families, or list the interfaces (route netlink), since others (such
as vsock) reach past a network namespace. A call that is newer than this list does not exist for the process.

The format is that of Linux' ``seccomp(2)``: 8 bytes an instruction, run over ``struct seccomp_data``.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

LAST_KNOWN = 462  # mseal, Linux 6.10

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # where struct seccomp_data has them
LOAD, JUMP_EQUAL, JUMP_GREATER, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06

FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
NETLINK, ROUTE = 16, 0  # AF_NETLINK, NETLINK_ROUTE
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
NAMESPACE_FLAGS = 0x7E020000
TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX type into a terminal

# Numbers from 424 on are the same on every architecture.
SHARED = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "mount_setattr": 442,
    "quotactl_fd": 443, "memfd_secret": 447,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Architecture:
    """Numbers of one processor architecture.

    Attributes:
        audit: Its AUDIT_ARCH value.
        socket: The call's number, as are ``clone``, ``clone3`` and ``ioctl``.
        denied: Calls that are refused whatever their arguments.
    """

    audit: int
    socket: int
    clone: int
    ioctl: int
    denied: dict[str, int]
    clone3: int = 435


ARCHITECTURES = {
    "x86_64": Architecture(
        0xC000003E, 41, 56, 16,
        {
            "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "add_key": 248,
            "request_key": 249, "keyctl": 250, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "mount": 165,
            "umount2": 166, "pivot_root": 155, "chroot": 161, "setns": 308, "unshare": 272, "quotactl": 179,
            "swapon": 167, "swapoff": 168, "kexec_load": 246, "kexec_file_load": 320, "init_module": 175,
            "finit_module": 313, "delete_module": 176, "reboot": 169, "acct": 163, "settimeofday": 164,
            "clock_settime": 227, "clock_adjtime": 305, "adjtimex": 159, "sethostname": 170, "setdomainname": 171,
            "syslog": 103, "vhangup": 153, "iopl": 172, "ioperm": 173, "modify_ldt": 154, "uselib": 134, "ustat": 136,
            "sysfs": 139, "nfsservctl": 180, "lookup_dcookie": 212, "name_to_handle_at": 303,
            "open_by_handle_at": 304, "fanotify_init": 300, "personality": 135, "shmget": 29, "semget": 64,
            "msgget": 68, "mq_open": 240, "memfd_create": 319, "move_pages": 279, "migrate_pages": 256,
        },
    ),
    "aarch64": Architecture(
        0xC00000B7, 198, 220, 29,
        {
            "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "add_key": 217,
            "request_key": 218, "keyctl": 219, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "mount": 40,
            "umount2": 39, "pivot_root": 41, "chroot": 51, "setns": 268, "unshare": 97, "quotactl": 60,
            "swapon": 224, "swapoff": 225, "kexec_load": 104, "kexec_file_load": 294, "init_module": 105,
            "finit_module": 273, "delete_module": 106, "reboot": 142, "acct": 89, "settimeofday": 170,
            "clock_settime": 112, "clock_adjtime": 266, "adjtimex": 171, "sethostname": 161, "setdomainname": 162,
            "syslog": 116, "vhangup": 58, "nfsservctl": 42, "lookup_dcookie": 18, "name_to_handle_at": 264,
            "open_by_handle_at": 265, "fanotify_init": 262, "personality": 92, "shmget": 194, "semget": 190,
            "msgget": 186, "mq_open": 180, "memfd_create": 279, "move_pages": 239, "migrate_pages": 238,
        },
    ),
}  # fmt: skip


def program(machine: str) -> bytes:
    """Returns the filter for a processor, as ``platform.machine()`` names it.

    Raises:
        KeyError: There is no filter for this processor.
    """
    cpu = ARCHITECTURES[machine]
    return b"".join([
        _load(ARCHITECTURE), _jump(JUMP_EQUAL, cpu.audit, 1, 0), _return(KILL),
        _load(NUMBER),
        _jump(JUMP_GREATER, LAST_KNOWN, 0, 1), _refuse(errno.ENOSYS),
        # Its flags lie in memory, where a filter cannot look; the C library then falls back to clone.
        _jump(JUMP_EQUAL, cpu.clone3, 0, 1), _refuse(errno.ENOSYS),
        *(_jump(JUMP_EQUAL, number, 0, 1) + _refuse(errno.EPERM) for number in (SHARED | cpu.denied).values()),
        *_rule(cpu.socket, _allow_families()),
        *_rule(cpu.clone, [_argument(0), _jump(JUMP_ANY_BIT, NAMESPACE_FLAGS, 0, 1), _refuse(errno.EPERM)]),
        *_rule(cpu.ioctl, [
            _argument(1), *(_jump(JUMP_EQUAL, request, 0, 1) + _refuse(errno.EPERM) for request in TERMINAL_INPUT),
        ]),
        _return(ALLOW),
    ])  # fmt: skip


def _rule(call: int, body: list[bytes]) -> list[bytes]:
    """Runs ``body`` for one call; where it comes to its end, the call is allowed."""
    length = len(b"".join(body)) // 8 + 1
    return [_jump(JUMP_EQUAL, call, 0, length), *body, _return(ALLOW)]


def _allow_families() -> list[bytes]:
    return [
        _argument(0), *(_jump(JUMP_EQUAL, family, 0, 1) + _return(ALLOW) for family in FAMILIES),
        _jump(JUMP_EQUAL, NETLINK, 1, 0), _refuse(errno.EAFNOSUPPORT),
        _argument(2), _jump(JUMP_EQUAL, ROUTE, 1, 0), _refuse(errno.EAFNOSUPPORT),
    ]  # fmt: skip


def _argument(number: int) -> bytes:
    """Loads the lower half of an argument, which is all that families, flags and requests have."""
    return _load(ARGUMENTS + 8 * number)


def _load(offset: int) -> bytes:
    return _instruction(LOAD, 0, 0, offset)


def _jump(test: int, value: int, then: int, otherwise: int) -> bytes:
    return _instruction(test, then, otherwise, value)


def _return(action: int) -> bytes:
    return _instruction(RETURN, 0, 0, action)


def _refuse(reason: int) -> bytes:
    return _return(ERRNO | reason)


def _instruction(code: int, then: int, otherwise: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)
