"""What hostile code tries, each time ending with a clear result and with an interpreter that goes on."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from assistant.plugin import ToolError
from bench.code import attacks, context, next_call, rows
from tests.tools.interpreters import Notebook, needs_sandbox, opened

pytestmark = [needs_sandbox, pytest.mark.timeout(120)]

MIB = 1 << 20
SMALL = {
    "seconds": 2.0, "grace": 0.5, "memory": 1024 * MIB, "processes": 64, "disk": 64 * MIB, "file_bytes": 32 * MIB,
    "inodes": 2000, "spares": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """Time enough to fill the memory on a machine that is busy with other tests."""
    with opened(SMALL | {"seconds": 60.0}, tmp_path_factory.mktemp("filled") / "files") as notebook:
        yield notebook


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with opened(SMALL, tmp_path_factory.mktemp("attacked") / "files") as notebook:
        yield notebook


@pytest.fixture
def notebook(shared: Notebook) -> Iterator[Notebook]:
    before = set(psutil.Process().children(recursive=True))  # servers of other tests may still run
    yield shared
    new = set(psutil.Process().children(recursive=True)) - before
    left = [process for process in new if process.status() != "zombie"]
    assert [name for name in (process.name() for process in left) if name not in ("bwrap", "python", "python3")] == []


async def refused(notebook: Notebook, code: str) -> str:
    """Runs what must end with an error, sees that the next call works, and returns the error."""
    with pytest.raises(ToolError) as caught:
        await notebook.run(code)
    await works(notebook)
    return str(caught.value)


async def works(notebook: Notebook) -> None:
    assert await notebook.run("6 * 7") == {"value": "42"}


@contextmanager
def listener(kind: int, address: tuple[str, int] | str) -> Iterator[tuple[socket.socket, list[bytes]]]:
    """A server on the host that takes note of every connection."""
    heard: list[bytes] = []
    with socket.socket(kind) as server:
        server.bind(address)
        server.listen()
        server.settimeout(0.1)
        end = threading.Event()

        def accept() -> None:
            while not end.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                heard.append(b"connected")
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server, heard
        finally:
            end.set()
            thread.join()


async def test_fork_bomb(notebook: Notebook) -> None:
    error = await refused(notebook, "import os\nwhile True:\n    os.fork()")
    assert "Resource temporarily unavailable" in error or "was ended" in error or "stopped" in error


async def test_the_bench_says_why_a_next_call_failed(tmp_path: Path) -> None:
    with opened(SMALL | {"seconds": 0.5}, tmp_path / "files") as slow:
        await slow.run("import sys\nsys.displayhook = lambda value: __import__('time').sleep(9)")
        await slow.run("get_ipython().events.register('pre_run_cell', lambda info: __import__('time').sleep(9))")
        assert "the next call timed out: The " in await next_call(slow.interpreter, context(slow.folder))


async def test_shell_fork_bomb(notebook: Notebook) -> None:
    began = time.monotonic()
    try:
        await notebook.run("!b() { b | b & }; b")
    except ToolError as error:
        assert "The interpreter was ended" in str(error) or "stopped after" in str(error)
    await works(notebook)
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "code",
    [
        "held = bytearray(3 << 30)",
        "held = []\nwhile True: held.append(bytearray(b'x') * (64 << 20))",
        "import os, time\nfor n in range(8):\n"
        "    if os.fork() == 0:\n        held = bytearray(b'x') * (400 << 20); time.sleep(100)\n"
        "time.sleep(100)",
    ],
    ids=["at once", "in pieces", "in many processes"],
)
async def test_memory(patient: Notebook, code: str) -> None:
    error = await refused(patient, code)
    assert any(told in error for told in ("MemoryError", "more than 1024 MiB of memory", "no more of the 1024 MiB"))
    # What the code holds stays held, and this close to the limit the next test's kernel could crash.
    await patient.run("", restart=True)


FORKED = """
import os, time
held, forked = bytearray(b"x") * (100 << 20), 0
try:
    while forked < {most}:
        if os.fork() == 0:
            time.sleep({seconds}); os._exit(0)
        forked += 1
except OSError:
    pass
time.sleep({seconds})
forked
"""


async def test_memory_that_forked_processes_share_counts_once(patient: Notebook) -> None:
    assert await patient.run(FORKED.format(most=12, seconds=0.7)) == {"value": "12"}
    await patient.run("", restart=True)


async def test_a_fork_bomb_is_called_by_its_name(notebook: Notebook) -> None:
    assert "it started too many processes" in await refused(notebook, FORKED.format(most=1000, seconds=60))


async def test_a_crash_of_compiled_code_is_explained(notebook: Notebook) -> None:
    error = await refused(notebook, "import ctypes\nctypes.string_at(0)")
    assert "crashed with SIGSEGV, as compiled code does that gets no more of the 1024 MiB of memory" in error


async def test_large_file(notebook: Notebook) -> None:
    assert "File too large" in await refused(notebook, "open('big', 'wb').write(bytes(40 << 20))")


async def test_full_disk(notebook: Notebook) -> None:
    code = "for n in range(9): open(f'.{n}', 'wb').write(bytes(20 << 20))"
    assert "No space left on device" in await refused(notebook, code)
    await notebook.run("!rm -f .[0-9]")


async def test_full_disk_elsewhere(notebook: Notebook) -> None:
    code = """
import os
written = {}
for folder in ("/", "/tmp", "/dev", "/dev/shm", "/sockets", "/kernel", "/etc", "/usr", "/proc"):
    written[folder] = 0
    try:
        for n in range(40):
            with open(f"{folder}/filler{n}", "wb") as file:
                written[folder] += file.write(bytes(16 << 20))
    except OSError:
        pass
    for n in range(40):
        if os.path.exists(f"{folder}/filler{n}"): os.remove(f"{folder}/filler{n}")
{folder: size >> 20 for folder, size in written.items() if size}
"""
    result = await notebook.run(code)
    assert result["value"] == "{'/tmp': 256, '/dev/shm': 128}"


async def test_many_files(notebook: Notebook) -> None:
    error = await refused(notebook, "import itertools\nfor n in itertools.count(): open(f'/files/{n}', 'w').close()")
    assert "more than 2,000 files" in error


async def test_processor_time_of_one_process(tmp_path: Path) -> None:
    with opened({"cpu_seconds": 1, "spares": 0}, tmp_path) as notebook:
        with pytest.raises(ToolError, match="more than 1 s of processor time"):
            await notebook.run("while True: pass")
        await works(notebook)


async def test_flood_of_output(tmp_path: Path) -> None:
    with opened({"spares": 0}, tmp_path) as notebook:
        result = await notebook.run("import sys\nfor n in range(1000): sys.stdout.write('x' * 1_000_000)\n'done'")
        assert "999,000,000 more characters were dropped" in result["output"]
        assert len(result["output"]) < 21_000
        assert result["value"] == "'done'"
        result = await notebook.run("print('x' * 1_000_000_000)")
        assert "999,000,001 more characters were dropped" in result["output"]
        await works(notebook)


async def test_flood_from_a_program(notebook: Notebook) -> None:
    try:
        result = await notebook.run("import subprocess; subprocess.run('yes | head -c 1000000000', shell=True)")
        assert "more characters were dropped" in result["output"]
    except ToolError as error:
        assert "The code was stopped after 2 s" in str(error)
    await works(notebook)


@pytest.mark.parametrize("size", [10_000_000, 10], ids=["large", "small"])
async def test_flood_past_the_streams(notebook: Notebook, size: int) -> None:
    code = f"""
from IPython.display import publish_display_data
while True: publish_display_data({{"text/plain": "x" * {size}}})
"""
    # It is stopped, or ended for the number or the size of its messages, for its memory, or because it does not stop.
    error = await refused(notebook, code)
    assert "The interpreter was ended, because" in error or "The code was stopped" in error


async def test_one_enormous_message(notebook: Notebook) -> None:
    code = """
from IPython.display import publish_display_data
publish_display_data({"text/plain": "x" * 60_000_000})
"""
    assert "The interpreter was ended, because" in await refused(notebook, code)


async def test_links_and_paths_in_returned_files(notebook: Notebook, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("host secret")
    code = f"""
import os
os.symlink({str(secret)!r}, "link.txt")
os.symlink("/etc/passwd", "accounts.txt")
os.symlink("/", "root")
os.mkfifo("pipe")
os.makedirs("a/../b", exist_ok=True)
open("b/..hidden", "w").write("1")
open("b/-rf", "w").write("2")
open("b/\\u202egpj.exe", "w").write("3")
open("b/" + "n" * 200 + ".txt", "w").write("4")
import sys
inside = sys.modules["inside"]
names = ["../../escaped", "/etc/cron.d/escaped", "a\\0b", "b/-rf"]
inside.changed = lambda: inside.json.dumps([*([name, 2] for name in names), ["x", -1], 7])
inside.get = lambda name, offset, size: '"aGk="'
"""
    await notebook.run(code)
    saved = sorted(Path(artifact.path) for artifact in notebook.artifacts)
    assert {path.parent for path in saved} == {notebook.folder}
    assert [path.name for path in saved] == ["b_-rf", "escaped", "etc_cron.d_escaped"]
    assert "host secret" not in str([path.read_text() for path in saved])
    await notebook.run("1", restart=True)
    await works(notebook)


async def test_a_link_is_not_returned_and_the_result_says_so(notebook: Notebook) -> None:
    result = await notebook.run("import os\nos.symlink('/etc/hostname', 'my-link.txt'); os.symlink('/', 'my-root')")
    assert [artifact.path for artifact in notebook.artifacts] == []
    assert "my-link.txt is a link, which is not returned" in str(result)
    assert "my-root is a link" in str(result)
    assert "my-link.txt" not in str(await notebook.run("1"))


@pytest.mark.parametrize(
    ("forged", "told"),
    [
        ("'[['", "its files could no longer be read"),
        ("'[' * 900_000", "its files could no longer be read"),
        ("9 ** 99999", "its files could no longer be read"),
    ],
)
async def test_forged_answers(notebook: Notebook, forged: str, told: str) -> None:
    assert told in await refused(notebook, f"import sys; sys.modules['inside'].changed = lambda: {forged}")


async def test_forged_errors(notebook: Notebook) -> None:
    code = "import sys; sys.modules['inside'].changed = lambda: '{\"error\": [1]}'"
    assert await notebook.run(code) == {"notes": ["the files could not be listed: [1]"]}
    await notebook.run("1", restart=True)


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import os; os._exit(0)",
        "import os, signal; os.kill(-1, signal.SIGKILL)",
        "import ctypes; ctypes.string_at(0)",
        "import sys; sys.modules['inside'].main(0)",
        "get_ipython().kernel.do_shutdown(False); import time; time.sleep(1); exit()",
    ],
    ids=["SIGKILL", "exit", "everybody", "segmentation fault", "again", "shutdown"],
)
async def test_killed_kernel(notebook: Notebook, code: str) -> None:
    try:
        await notebook.run(code)
    except ToolError as error:
        assert str(error)
    await works(notebook)


async def test_sleep_past_the_limit(notebook: Notebook) -> None:
    await notebook.run("kept = 1")
    began = time.monotonic()
    error = await refused(notebook, "print('before')\nimport time; time.sleep(600)")
    assert time.monotonic() - began < 7
    assert "stopped after 2 s; its variables are kept" in error
    assert "before" in error
    assert await notebook.run("kept") == {"value": "1"}


async def test_awaiting_past_the_limit(notebook: Notebook) -> None:
    await notebook.run("kept = 1")
    assert "variables are kept" in await refused(notebook, "import asyncio\nawait asyncio.sleep(600)")
    assert await notebook.run("kept") == {"value": "1"}


async def test_refusing_to_stop(notebook: Notebook) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)"
    assert "although it was told to stop" in await refused(notebook, code)


async def test_processes_left_behind(notebook: Notebook) -> None:
    await notebook.run("import subprocess; left = subprocess.Popen(['sleep', '600'], start_new_session=True)")
    assert await notebook.run("left.wait()") == {"value": "-9"}


async def test_signals_reach_nobody_outside(notebook: Notebook) -> None:
    code = f"""
import os, signal
def reach(pid):
    try:
        os.kill(pid, signal.SIGKILL); return "sent"
    except OSError as error:
        return type(error).__name__
seen = sorted(int(name) for name in os.listdir('/proc') if name.isdigit())
(reach({os.getpid()}), reach(os.getppid()), os.getppid(), seen)
"""
    # The parent is the sandbox's first process, which Linux shields from those in it.
    assert (await notebook.run(code))["value"] == "('ProcessLookupError', 'sent', 1, [1, 2])"
    await works(notebook)


async def test_network(notebook: Notebook) -> None:
    with listener(socket.AF_INET, ("127.0.0.1", 0)) as (server, heard):
        code = f"""
import socket
tried = []
for address in (("127.0.0.1", {server.getsockname()[1]}), ("1.1.1.1", 53), ("10.0.0.1", 80)):
    try:
        socket.create_connection(address, 1); tried.append("connected")
    except OSError as error:
        tried.append(error.strerror)
try:
    socket.getaddrinfo("example.com", 80); tried.append("resolved")
except OSError as error:
    tried.append(type(error).__name__)
print(*tried, sep=", ")
print(socket.if_nameindex())
"""
        result = await notebook.run(code)
        assert result["output"].splitlines() == [
            "Connection refused, Network is unreachable, Network is unreachable, gaierror", "[(1, 'lo')]"
        ]  # fmt: skip
        assert heard == []


async def test_escape_through_the_sockets(notebook: Notebook, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with listener(socket.AF_UNIX, path) as (_, heard):
        # The names of the kernel's sockets lead to a socket of the host now; nobody may follow them.
        code = f"""
import os
for name in os.listdir("/sockets"):
    os.remove(f"/sockets/{{name}}"); os.symlink({path!r}, f"/sockets/{{name}}")
os.listdir("/sockets") != []
"""
        assert await notebook.run(code) == {"value": "True"}
        await works(notebook)
        # Closing the kernel's own end must not make the other side connect anew.
        lose = "k = get_ipython().kernel\nk.iopub_thread.socket.close(0)\nos.closerange(3, 200)"
        with pytest.raises(ToolError):
            await notebook.run(lose)
        await works(notebook)
        assert heard == []


async def test_abstract_sockets_of_the_host(notebook: Notebook) -> None:
    name = f"\0assistant-test-{os.getpid()}"
    with listener(socket.AF_UNIX, name) as (_, heard):
        code = f"import socket; socket.socket(socket.AF_UNIX).connect({name!r})"
        assert "ConnectionRefusedError" in await refused(notebook, code)
        assert heard == []


async def test_one_conversation_cannot_reach_another(notebook: Notebook, tmp_path: Path) -> None:
    other = Notebook(notebook.interpreter, tmp_path)
    await other.run("open('/tmp/note', 'w').write('x'); open('/dev/shm/note', 'w').write('x'); mine = 1; 0")
    code = "import os; os.path.exists('/tmp/note'), os.path.exists('/dev/shm/note'), 'mine' in globals()"
    assert await notebook.run(code) == {"value": "(False, False, False)"}
    assert (await notebook.run("len([p for p in os.listdir('/proc') if p.isdigit()])"))["value"] in ("2", "3")


def test_attacks_of_redcode_do_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    """Eight attacks of RedCode-Exec, unchanged: AI-secure/RedCode, Guo et al. 2024, CC BY 4.0."""
    held = asyncio.run(attacks(rows(Path(__file__).with_name("redcode.jsonl")), at_once=4, seconds=5))
    shown = capsys.readouterr().out
    assert held, shown
    assert "8 of 8 kinds of harm are noticed" in shown
