"""What code sees and may do inside the sandbox."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.interpreters import Notebook, needs_sandbox, opened

pytestmark = [needs_sandbox, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with opened({"spares": 0}, tmp_path_factory.mktemp("walls") / "files") as notebook:
        yield notebook


async def test_nothing_of_the_host_is_seen(notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("host secret")
    monkeypatch.setenv("OPENAI_API_KEY", "host secret")
    code = f"""
import os, pathlib
paths = [{str(tmp_path)!r}, {str(Path.home() / ".bashrc")!r}, {str(ROOT / "pyproject.toml")!r}]
paths += ["/etc/shadow", "/etc/hostname", "/var", "/sys", "/home", "/run", "/proc/1/root/etc/shadow", "/dev/mem"]
files = [f"/proc/{{pid}}/{{name}}" for pid in (1, "self") for name in ("environ", "cmdline")]
told = "".join(pathlib.Path(file).read_text(errors="replace") for file in files)
print([path for path in paths if os.path.exists(path)], "secret" in told, {str(tmp_path)!r} in told)
print(os.uname().nodename, os.getuid(), pathlib.Path("/etc/passwd").read_text())
"""
    await notebook.run("1", restart=True)
    result = await notebook.run(code)
    assert result["output"] == "[] False False\nsandbox 1000 user:x:1000:1000::/tmp/home:/bin/sh"


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        ("unshare(0x10000000)", "EPERM"),
        ("syscall(56, 0x10000000 | 17, 0, 0, 0, 0)", "EPERM"),
        ("syscall(435, 0, 0)", "ENOSYS"),
        ("syscall(425, 8, 0)", "EPERM"),
        ("syscall(321, 0, 0, 0)", "EPERM"),
        ("syscall(250, 0, 0)", "EPERM"),
        ("syscall(500, 0)", "ENOSYS"),
        ("ptrace(16, 1, 0, 0)", "EPERM"),
        ("mount(b'none', b'/tmp', b'tmpfs', 0, 0)", "EPERM"),
        ("umount2(b'/files', 0)", "EPERM"),
        ("chroot(b'/tmp')", "EPERM"),
        ("socket(40, 1, 0)", "EAFNOSUPPORT"),
        ("socket(16, 3, 9)", "EAFNOSUPPORT"),
        ("socket(17, 3, 0)", "EAFNOSUPPORT"),
        ("ioctl(0, 0x5412, b'x')", "EPERM"),
        ("memfd_create(b'x', 0)", "EPERM"),
        ("shmget(0, 4096, 0o1600)", "EPERM"),
        ("setuid(0)", "EINVAL"),
    ],
)
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers of the calls are those of x86-64")
async def test_system_calls(notebook: Notebook, call: str, outcome: str) -> None:
    code = f"import ctypes, errno\nr = ctypes.CDLL(None, use_errno=True).{call}\nr, errno.errorcode[ctypes.get_errno()]"
    assert await notebook.run(code) == {"value": f"(-1, '{outcome}')"}


async def test_limits_cannot_be_raised(notebook: Notebook) -> None:
    code = """
import resource
for name in ("AS", "NPROC", "CPU", "FSIZE", "NOFILE"):
    number = getattr(resource, f"RLIMIT_{name}")
    try:
        resource.setrlimit(number, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)); print(name)
    except ValueError:
        pass
"""
    assert await notebook.run(code) == {}


async def test_privileges_are_gone_and_the_first_process_is_limited_too(notebook: Notebook) -> None:
    code = """
import pathlib
def lines(pid, name, *begin):
    return [line for line in pathlib.Path(f"/proc/{pid}/{name}").read_text().splitlines() if line.startswith(begin)]
caps = [int(line.split()[1], 16) for pid in (1, "self") for line in lines(pid, "status", "Cap")]
modes = [line for pid in (1, "self") for line in lines(pid, "status", "NoNewPrivs", "Seccomp:")]
print(set(caps), set(modes), lines(1, "limits", "Max") == lines("self", "limits", "Max"))
open("/proc/self/uid_map").read().split()[0]
"""
    result = await notebook.run(code)
    assert result["value"] == "'1000'"
    assert "{0}" in result["output"]
    assert "True" in result["output"]
    assert "'Seccomp:\\t2'" in result["output"] and "'NoNewPrivs:\\t1'" in result["output"]
