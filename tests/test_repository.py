"""What may lie in the repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MEGABYTE = 1_000_000
# files that may be larger than two megabytes
LARGE = frozenset({"assistant/engines/builtin/reader/model.safetensors"})
STARTER = "tools/generate_image/starter/"  # the weights of the picture model that ships
# The brackets keep this line from being found by itself.
MACHINE = re.compile(rb"(?<![\w.~-])/(?:wor[k]|roo[t])/[\w.-]")


def present() -> list[str]:
    """Files that git tracks or would take, which are on the disk."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return sorted({name for name in names if name and (ROOT / name).is_file()})


@pytest.fixture(scope="module")
def names() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    return present()


def test_no_file_names_a_developers_machine(names):
    found = {name: MACHINE.findall((ROOT / name).read_bytes()) for name in names}
    assert {name: hits for name, hits in found.items() if hits} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [("see /{}/main", True), ("'/{}/.cache'", True), ("https://a.b/{}/x", False), ("team/{}/x", False)],
)
@pytest.mark.parametrize("folder", ["work", "root"])
def test_the_rule_itself(text, found, folder):
    assert bool(MACHINE.search(text.format(folder).encode())) is found


def test_no_file_is_large(names):
    sizes = {name: (ROOT / name).stat().st_size for name in names}
    assert {
        name: size
        for name, size in sizes.items()
        if size > 2 * MEGABYTE and name not in LARGE and not name.startswith(STARTER)
    } == {}


def test_the_picture_model_that_ships_is_small(names):
    assert sum((ROOT / name).stat().st_size for name in names if name.startswith(STARTER)) <= 40 * MEGABYTE


def test_every_large_file_is_still_there(names):
    assert set(names) >= LARGE


def test_what_make_and_the_integration_run_can_be_executed(names):
    for name in names:
        path = ROOT / name
        if path.read_bytes()[:2] == b"#!":
            assert path.stat().st_mode & 0o111, f"{name} starts with #! and cannot be executed"
