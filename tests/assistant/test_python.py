"""What Python programs import, and the example of the guide."""

import re
import subprocess
import sys
from pathlib import Path

import assistant
from assistant.samples import DOCUMENTS
from assistant.session import CLOSED
from tests.ports import free_port

GUIDE = Path(__file__).parents[2] / "docs" / "python.md"


def test_every_name_is_there() -> None:
    assert set(assistant.PLACES) == set(assistant.__all__)
    for name in assistant.__all__:
        assert getattr(assistant, name) is not None


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    (folder / "example.py").write_text(program)
    return subprocess.run(
        [sys.executable, "example.py"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_examples_run(tmp_path: Path) -> None:
    asking, deciding = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.S)
    (tmp_path / "documents").symlink_to(DOCUMENTS)
    done = run(tmp_path, asking)
    assert done.returncode == 0, done.stderr
    assert "six weeks" in done.stdout
    assert "calculator" in done.stdout
    assert "293" in done.stdout
    done = run(tmp_path, deciding)
    assert done.returncode == 0, done.stderr
    assert "calculator {" in done.stdout
    assert "293" in done.stdout


def test_types_are_for_programs_too() -> None:
    assert (Path(assistant.__file__).parent / "py.typed").is_file()


def test_a_program_without_a_log_is_shown_one_line_and_asks_no_closed_one(tmp_path: Path) -> None:
    program = f"""
import asyncio
from pathlib import Path
from assistant import open_assistant

async def main():
    engine = {{"url": "http://127.0.0.1:{free_port()}/v1", "model": "none"}}
    async with open_assistant(home=Path("home"), engine=engine, agent={{"titles": False}}) as assistant:
        print((await assistant.ask("Is it there?")).kind)
    print((await assistant.ask("And now?")).message)

asyncio.run(main())
"""
    done = run(tmp_path, program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["EngineUnreachable", CLOSED]
    assert "Traceback" not in done.stderr
