"""The filter of system calls, run by an interpreter of BPF, so that the other processor's filter is tested too."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path
from types import ModuleType

import pytest

from tests.tools.interpreters import needs_sandbox, part

pytestmark = needs_sandbox

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
MACHINES = ("x86_64", "aarch64")
# From the kernel's tables, arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
NEEDED = {
    "x86_64": {
        "read": 0, "write": 1, "mmap": 9, "execve": 59, "exit_group": 231, "openat": 257, "futex": 202, "clone": 56,
        "wait4": 61, "kill": 62, "getrandom": 318, "prlimit64": 302, "epoll_wait": 232, "connect": 42, "ioctl": 16,
    },
    "aarch64": {
        "read": 63, "write": 64, "mmap": 222, "execve": 221, "exit_group": 94, "openat": 56, "futex": 98, "clone": 220,
        "wait4": 260, "kill": 129, "getrandom": 278, "prlimit64": 261, "epoll_pwait": 22, "connect": 203, "ioctl": 29,
    },
}  # fmt: skip
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.fixture(scope="module")
def seccomp() -> ModuleType:
    return part("seccomp")


def run(program: bytes, architecture: int, call: int, *arguments: int) -> int:
    """Runs a filter over one system call, as Linux' ``seccomp(2)`` describes; returns its verdict."""
    data = struct.pack("=IIQ6Q", call, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    lines = list(struct.iter_unpack("=HBBI", program))
    accumulator, position = 0, 0
    while True:
        code, then, otherwise, value = lines[position]
        position += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x06:
            return int(value)
        else:
            tests = {0x15: accumulator == value, 0x25: accumulator > value, 0x45: bool(accumulator & value)}
            position += then if tests[code] else otherwise


@pytest.mark.parametrize("machine", MACHINES)
def test_what_breaks_out_is_refused_and_the_rest_works(seccomp: ModuleType, machine: str) -> None:
    cpu, program = seccomp.ARCHITECTURES[machine], seccomp.program(machine)
    denied = {**seccomp.SHARED, **cpu.denied}
    assert {name for name, call in denied.items() if run(program, cpu.audit, call) != ERRNO | errno.EPERM} == set()
    assert {name for name, call in NEEDED[machine].items() if run(program, cpu.audit, call) != ALLOW} == set()
    assert run(program, cpu.audit, 435, 0) == ERRNO | errno.ENOSYS  # clone3
    assert run(program, cpu.audit, 463) == ERRNO | errno.ENOSYS  # newer than the filter
    assert run(program, cpu.audit, 0x40000000 | 59) == ERRNO | errno.ENOSYS  # x32's execve
    assert run(program, 0x40000003, 11) == KILL  # i386's execve


@pytest.mark.parametrize("machine", MACHINES)
def test_flags_families_and_requests_are_looked_at(seccomp: ModuleType, machine: str) -> None:
    cpu, program = seccomp.ARCHITECTURES[machine], seccomp.program(machine)

    def verdict(call: int, *arguments: int) -> int:
        return run(program, cpu.audit, call, *arguments)

    assert verdict(cpu.clone, 0x11) == ALLOW
    for flag in (0x20000, 0x10000000, 0x20000000, 0x40000000):  # NEWNS, NEWUSER, NEWPID, NEWNET
        assert verdict(cpu.clone, 0x11 | flag) == ERRNO | errno.EPERM
    assert [verdict(cpu.socket, family, 1, 0) for family in (1, 2, 10)] == [ALLOW] * 3
    for family in (3, 5, 17, 29, 31, 38, 40, 44):  # AX.25, AppleTalk, packet, CAN, Bluetooth, ALG, vsock, XDP
        assert verdict(cpu.socket, family, 1, 0) == ERRNO | errno.EAFNOSUPPORT
    assert verdict(cpu.socket, 16, 3, 0) == ALLOW
    assert verdict(cpu.socket, 16, 3, 12) == ERRNO | errno.EAFNOSUPPORT  # netfilter
    assert verdict(cpu.ioctl, 0, 0x5413) == ALLOW  # the size of a terminal
    assert verdict(cpu.ioctl, 0, 0x5412) == ERRNO | errno.EPERM
    assert verdict(cpu.ioctl, 0, (1 << 32) | 0x5412) == ERRNO | errno.EPERM  # Linux reads the lower half only


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_those_of_the_system(seccomp: ModuleType, machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip("the kernel's headers are not installed: apt install linux-libc-dev")
    text = HEADERS[machine].read_text()
    numbers = {name: int(number) for name, number in re.findall(r"#define __NR\w*?_(\w+)\s+(\d+)$", text, re.M)}
    cpu = seccomp.ARCHITECTURES[machine]
    named = {**seccomp.SHARED, **cpu.denied, "socket": cpu.socket, "clone": cpu.clone, "ioctl": cpu.ioctl}
    wrong = {name: (call, numbers[name]) for name, call in named.items() if numbers.get(name, call) != call}
    assert not wrong
    assert len(named.keys() & numbers.keys()) > 40
