"""What Python programs import, and the example of the guide."""

import re
import subprocess
import sys
from pathlib import Path

import assistant
from assistant.samples import DOCUMENTS

GUIDE = Path(__file__).parents[2] / "docs" / "python.md"


def test_every_name_is_there() -> None:
    assert set(assistant.PLACES) == set(assistant.__all__)
    for name in assistant.__all__:
        assert getattr(assistant, name) is not None


def test_the_example_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.S)
    (tmp_path / "example.py").write_text(example)
    (tmp_path / "documents").symlink_to(DOCUMENTS)
    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "six weeks" in done.stdout
    assert "calculator" in done.stdout
    assert "293" in done.stdout
