"""Kills what changes a library at random moments; what was committed must stand, and adding again completes it.

Two kinds of programs are killed: ``assistant index add``, and one that adds, changes and removes documents and pictures
and searches in between, and that says before each change what it is about to do and after it what it has done. After
each kill the library is compared with what was said: a change that was told as done is there, and one that was only
announced is there wholly or not at all.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from bench.colours import MeanColour
from index.embed import Embedder, SentenceTransformerEmbedder
from index.incoming import text_digest
from index.library import Library
from index.rerank import make_reranker
from index.types import Outcome, Page, ReadDocument, ReadPicture

OF_THE_COMMAND = 0.25
"""Share of the kills that hit ``assistant index add``."""
BEFORE_READY, AFTER_A_COMMIT = 0.1, 0.5
PICTURED = 12
READY = "ready"
WORDS = "river stone lamp winter bridge copper orchard signal harbour violin ledger meadow engine captain".split()


def write_document(path: Path, choice: random.Random) -> None:
    """Writes a document of one to a dozen paragraphs, unlike any other."""
    paragraphs = [
        " ".join(f"The {' '.join(choice.choices(WORDS, k=6))} came {choice.randrange(10**6)}th." for _ in range(4))
        for _ in range(choice.randint(1, 12))
    ]
    whole = path.with_name(f".{path.name}")  # so that a kill leaves no half of a file
    whole.write_text(f"# Document {path.stem}\n\n" + "\n\n".join(paragraphs))
    whole.rename(path)


def write_documents(folder: Path, count: int, seed: int = 0) -> None:
    """Writes documents, and two pictures."""
    choice = random.Random(seed)
    folder.mkdir(parents=True)
    for number in range(count):
        write_document(folder / f"{number:03}.md", choice)
    for number in range(2):
        (folder / f"picture-{number}.png").write_bytes(picture(choice))


def picture(choice: random.Random) -> bytes:
    """Returns a small picture of noise, unlike any other, in PNG."""
    packed = io.BytesIO()
    Image.frombytes("RGB", (120, 120), choice.randbytes(120 * 120 * 3)).save(packed, "PNG")
    return packed.getvalue()


def pictured(number: int, choice: random.Random) -> ReadDocument:
    """Returns a document with pictures, whose captions tell what their bytes must be."""
    words = [" ".join(choice.choices(WORDS, k=30)) + "." for _ in range(3)]
    text, found = words[0], []
    for after in words[1:]:
        data = picture(choice)
        caption = hashlib.sha256(data).hexdigest()
        line = f"[Picture: {caption}]"
        start = len(text) + 2
        found.append(ReadPicture(0, start, start + len(line), data, "image/png", 120, 120, caption))
        text += f"\n\n{line}\n\n{after}"
    return ReadDocument(f"Pictured {number}", "html", (Page(None, text),), tuple(found))


@dataclass(slots=True)
class Ledger:
    """What the library may hold, by what was announced and told.

    Attributes:
        allowed: The digests that each path's document may have; None where there may be none.
    """

    allowed: dict[str, set[str | None]] = field(default_factory=dict)

    def take(self, line: str) -> None:
        """Takes a line: ``may PATH DIGEST`` before a change, ``is PATH DIGEST`` after it; a dash for no document."""
        kind, path, digest = line.split("\t")
        state = None if digest == "-" else digest
        if kind == "is":
            self.allowed[path] = {state}
        else:
            self.allowed.setdefault(path, {None}).add(state)

    def problems(self, held: dict[str, str]) -> Iterator[str]:
        """Yields what is held that may not be, or is not and must be; from then on what is held is what may be."""
        for path in self.allowed.keys() | held.keys():
            if held.get(path) not in self.allowed.get(path, {None}):
                yield f"{path} is {held.get(path)}, but may only be {self.allowed.get(path)}"
            self.allowed[path] = {held.get(path)}


def told(kind: str, path: str, digest: str | None) -> None:
    """Says to whoever started this program what it is about to do, or has done."""
    print(kind, path, digest or "-", sep="\t", flush=True)


def work(home: Path, source: Path, seed: int) -> None:
    """Changes a library without end."""
    choice = random.Random(seed)
    embedder = SentenceTransformerEmbedder()
    sees = MeanColour()  # a picture model that needs no weights, so that the vectors of pictures are in danger too
    library = Library.open(home / "library", embedder, make_reranker(None, embedder), picture_embedder=sees)
    library.warm()
    print(READY, flush=True)
    actions: list[Callable[[], object]] = [
        lambda: _add(library, source, choice),
        lambda: _remove(library, choice),
        lambda: _put_pictured(library, choice),
        lambda: library.search(" ".join(choice.choices(WORDS, k=4))),
    ]
    while True:
        choice.choice(actions)()


def _add(library: Library, source: Path, choice: random.Random) -> None:
    """Changes some of the files and adds the folder."""
    for path in choice.sample(sorted(source.glob("*.md")), 5):
        write_document(path, choice)
    announce(source)
    library.add([source], on_outcome=_told)


def announce(source: Path) -> None:
    """Says that each file may be added as it is."""
    for path in source.iterdir():
        told("may", str(path), hashlib.sha256(path.read_bytes()).hexdigest())


def _told(outcome: Outcome) -> None:
    assert outcome.status != "refused", outcome
    told("is", outcome.path, outcome.document.sha256 if outcome.document else None)


def _remove(library: Library, choice: random.Random) -> None:
    for document in choice.sample(library.documents(), min(3, len(library.documents()))):
        told("may", document.path, None)
        library.remove(str(document.id))
        told("is", document.path, None)


def _put_pictured(library: Library, choice: random.Random) -> None:
    """Adds documents with pictures, or replaces them."""
    made = [(f"/pictured/{number}", pictured(number, choice)) for number in choice.sample(range(PICTURED), 3)]
    for path, content in made:
        told("may", path, text_digest(content))
    library.add_documents(made, on_outcome=_told)


def kill(home: Path, source: Path, choice: random.Random, spread: float, ledger: Ledger) -> str | None:
    """Starts a program, kills it, and enters into the ledger what it said.

    Returns:
        Which program; None where it had ended before.
    """
    by_command = choice.random() < OF_THE_COMMAND
    arguments: list[str | Path] = ["-m", "assistant", "index", "add", "--home", home, source]
    if by_command:
        for path in source.iterdir():
            ledger.take(f"may\t{path}\t{hashlib.sha256(path.read_bytes()).hexdigest()}")
    else:
        arguments = ["-m", "bench.crash", "--work", home, source, "--seed", str(choice.randrange(10**9))]
    with _started(arguments) as process:
        lines = _awaited(process, by_command, choice, spread)
        process.send_signal(signal.SIGKILL)
        assert process.stdout
        lines += process.stdout.read().splitlines(keepends=True)
    for line in lines:
        if line.startswith(("may\t", "is\t")) and line.endswith("\n"):
            ledger.take(line.rstrip("\n"))
    if process.returncode != -signal.SIGKILL:
        return None
    return "index add" if by_command else "add, change, remove"


def _started(arguments: Sequence[str | Path]) -> subprocess.Popen[str]:
    quiet, root = subprocess.DEVNULL, Path(__file__).parents[1]
    command = [sys.executable, *arguments]
    # Room for all that it says, so that it need not wait for somebody to read it.
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=quiet, text=True, pipesize=1 << 20)


def _awaited(process: subprocess.Popen[str], by_command: bool, choice: random.Random, spread: float) -> list[str]:
    """Waits for the moment of a kill, half of the time shortly after a commit, which is where it hurts most.

    Returns:
        What the program has said by then.
    """
    assert process.stdout
    if by_command or choice.random() < BEFORE_READY:
        time.sleep(choice.uniform(0, 2 * spread))
        return []
    lines = [process.stdout.readline()]
    if choice.random() < AFTER_A_COMMIT:
        while lines[-1] and not lines[-1].startswith("is\t"):
            lines.append(process.stdout.readline())
        time.sleep(choice.uniform(0, spread / 10))
    else:
        time.sleep(choice.uniform(0, spread))
    return lines


def check(home: Path, ledger: Ledger | None = None) -> list[str]:
    """Returns what is wrong with the library."""
    with closing(Library.open(home / "library", SentenceTransformerEmbedder())) as library:
        problems, documents = library.verify(), library.documents()
        for document in documents:
            problems += _torn(library, document.path, document.id, document.sha256)
    held = {document.path: document.sha256 for document in documents}
    if len(held) < len(documents):
        problems.append("a document is there twice")
    return problems + (list(ledger.problems(held)) if ledger else [])


def _torn(library: Library, path: str, number: int, sha256: str) -> Iterator[str]:
    """Yields what is wrong with one document: parts of two versions, or of one only."""
    if not library.passages(number):
        yield f"{path} has no passages"
    if not path.startswith("/pictured/"):
        return
    document, pictures = library.document(number), library.pictures(number, None)
    text = library.page_text(number, None)
    if text_digest(ReadDocument(document.title, document.kind, (Page(None, text),))) != sha256:
        yield f"the text of {path} is not that of its digest"
    if text.count("[Picture: ") != len(pictures):
        yield f"{path} has {len(pictures)} pictures"
    for each in pictures:
        if hashlib.sha256(library.picture_data(each.id)).hexdigest() != each.caption:
            yield f"picture {each.id} of {path} has other bytes"


def run(folder: Path, documents: int, kills: int, spread: float, seed: int, embedder: Embedder) -> bool:
    """Kills, checks after each kill, completes, and compares with an ingest that nobody disturbed."""
    choice, began = random.Random(seed), time.monotonic()
    source, home, ledger = folder / "documents", folder / "home", Ledger()
    write_documents(source, documents)
    (home / "library").mkdir(parents=True)
    killed: Counter[str] = Counter()
    wrong = 0
    while killed.total() < kills:
        which = kill(home, source, choice, spread, ledger)
        killed += Counter([which] if which else [])  # one that came too late does not count
        problems = check(home, ledger)
        wrong += len(problems)
        held = sum(state != {None} for state in ledger.allowed.values())
        print(f"{killed.total()} of {kills} killed ({which}): {held} documents, {problems or 'sound'}", flush=True)
    _complete(home, source, embedder)
    _complete(folder / "undisturbed", source, embedder)
    problems = check(home)
    same = _passages(home, source) == _passages(folder / "undisturbed", source)
    kinds = ", ".join(f"{count} of {which}" for which, count in killed.items())
    print(f"{kinds}; {wrong} problems in {time.monotonic() - began:.0f} s")
    print(f"completed: {problems or 'sound'}, same passages as undisturbed: {same}")
    return not wrong and not problems and same


def _complete(home: Path, source: Path, embedder: Embedder) -> None:
    with closing(Library.open(home / "library", embedder)) as library:
        library.add([source])


def _passages(home: Path, source: Path) -> list[tuple[str, int, str]]:
    with closing(Library.open(home / "library", SentenceTransformerEmbedder())) as library:
        documents = [each for each in library.documents() if Path(each.path).parent == source]
        found = [(document.path, library.passages(document.id)) for document in documents]
    return sorted((path, passage.start, passage.text) for path, passages in found for passage in passages)


def main() -> int:
    """Returns 1 where something was lost, doubled or damaged."""
    parser = argparse.ArgumentParser(prog="python -m bench.crash", description=__doc__)
    parser.add_argument("--documents", type=int, default=40)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--spread", type=float, default=3.0, help="seconds of work within which the kill comes")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--work", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(*options.work, options.seed)
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        figures = options.documents, options.kills, options.spread, options.seed
        sound = run(Path(folder), *figures, SentenceTransformerEmbedder())
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
