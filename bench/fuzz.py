"""Whether damaged files can do harm: real files of every kind, mutated, read as an ingest reads them.

What counts as harm: the main process gets an exception that is no refusal, a file is not done with when its time is up,
a file appears outside the work folder, or a reading process is left behind. A reading process that dies is no harm, but
it is counted, and its file is kept where ``--keep`` says.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from PIL import Image, ImageDraw

from bench.report import describe
from index.errors import UnreadableFile
from index.read.formats import BY_KIND, BY_SUFFIX
from index.read.pool import Limits, Readers

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures"
MOST_SEEDS, LARGEST_SEED = 12, 300_000
LATE_SECONDS = 5.0
PACKED = ("docx", "pptx", "xlsx", "epub", "zip")
# Names that want to be written where they do not belong.
CANARY = "assistant-fuzz-escaped"
TRICKS = (f"../{CANARY}", f"../../../{CANARY}", f"{tempfile.gettempdir()}/{CANARY}", f"~/{CANARY}", f"C:\\{CANARY}")
# How the reasons begin of files that did more than be refused by a parser.
NOTABLE = {
    "made its reader stop": "died",
    "took longer than": "too slow",
    "needs more than": "too large",
    "could not be read (": "unforeseen",
}


def seeds(kind: str, data: Path) -> list[bytes]:
    """Returns small real files of a kind, the smallest first, and made ones where there are few."""
    paths = (path for folder in (FIXTURES, data) for path in sorted(folder.rglob("*")) if path.is_file())
    real = {p.read_bytes() for p in paths if _kind(p) == kind and 0 < p.stat().st_size <= LARGEST_SEED}
    return sorted(real, key=len)[:MOST_SEEDS] + list(MADE.get(kind, list)())


def _kind(path: Path) -> str:
    form = BY_SUFFIX.get(path.suffix.lower())
    return form.kind if form else ""


def pictures() -> list[bytes]:
    """Returns a picture in every kind that is read."""
    from pillow_heif import register_heif_opener

    register_heif_opener()
    image = Image.new("RGB", (200, 120), "white")
    ImageDraw.Draw(image).text((10, 40), "Green tea", fill="black", font_size=30)
    return [_saved(image, form) for form in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "HEIF", "BMP")]


def _saved(image: Image.Image, form: str) -> bytes:
    packed = io.BytesIO()
    image.save(packed, form)
    return packed.getvalue()


def messages() -> list[bytes]:
    """Returns a plain message, and one with a body in HTML and files of several kinds."""
    plain = EmailMessage()
    plain["From"], plain["To"], plain["Subject"] = "Ann <ann@example.org>", "bob@example.org", "Die Größe"
    plain.set_content("See you at nine.")
    rich = EmailMessage()
    rich["From"], rich["Date"], rich["Subject"] = "bob@example.org", "Tue, 3 Mar 2026 09:00:00 +0100", "Papers"
    rich.set_content("Here they are.")
    rich.add_alternative("<h1>Here</h1><p>they are.</p>", subtype="html")
    for name in ("booking.pdf", "commented.docx", "book.epub"):
        content = (FIXTURES / name).read_bytes()
        rich.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    rich.add_attachment(plain)
    return [plain.as_bytes(), rich.as_bytes()]


def archives() -> list[bytes]:
    """Returns archives of small files, one within another, and one whose names mean harm."""
    files = {name: (FIXTURES / name).read_bytes() for name in ("booking.pdf", "book.epub", "shift-jis.txt")}
    inner = zipped(files)
    return [inner, zipped({"notes.md": b"# Tea\n\nHot.", "inner.zip": inner}), zipped(dict.fromkeys(TRICKS, b"Words."))]


def presentations() -> list[bytes]:
    """Returns a small presentation."""
    import pptx

    deck, packed = pptx.Presentation(), io.BytesIO()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Tea"
    slide.shapes.add_picture(io.BytesIO(pictures()[0]), 0, 0)
    slide.shapes.add_table(2, 2, 0, 0, 10, 10).table.cell(0, 0).text = "Year"
    deck.save(packed)
    return [packed.getvalue()]


MADE: dict[str, Callable[[], list[bytes]]] = {
    "picture": pictures,
    "mail": messages,
    "zip": archives,
    "pptx": presentations,
    "csv": lambda: [(FIXTURES / "shift-jis.txt").read_bytes()],
    "code": lambda: [Path(__file__).read_bytes()],
}


def zipped(files: dict[str, bytes]) -> bytes:
    """Returns an archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def mutated(seed: bytes, others: Sequence[bytes], kind: str, chance: random.Random) -> bytes:
    """Returns a file with one to eight places changed; of a packed one, as often in what is packed as around it."""
    if kind in PACKED and chance.random() < 0.5:
        return _repacked(seed, others, chance)
    data = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        chance.choice(MUTATIONS)(data, others, chance)
    return bytes(data)


def _repacked(seed: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(seed)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError):
        return seed
    name = chance.choice(list(files))
    content = files.pop(name)
    action = chance.random()
    if action < 0.8:
        files[name] = mutated(content, others, "", chance)
    elif action < 0.9:
        files[chance.choice(TRICKS)] = content
    return zipped(files)


def _flip(data: bytearray, _: Sequence[bytes], chance: random.Random) -> None:
    for place in chance.sample(range(len(data)), min(len(data), chance.randint(1, 16))):
        data[place] = chance.randrange(256)


def _cut(data: bytearray, _: Sequence[bytes], chance: random.Random) -> None:
    start = chance.randrange(len(data) + 1)
    del data[start : start + chance.randint(1, 1 + len(data) // 4)]


def _end(data: bytearray, _: Sequence[bytes], chance: random.Random) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _repeat(data: bytearray, _: Sequence[bytes], chance: random.Random) -> None:
    start = chance.randrange(len(data) + 1)
    piece = data[start : start + chance.randint(1, 200)]
    data[start:start] = piece * chance.choice((1, 10, 1000))


def _splice(data: bytearray, others: Sequence[bytes], chance: random.Random) -> None:
    other = chance.choice(others)
    start, place = chance.randrange(len(other) + 1), chance.randrange(len(data) + 1)
    data[place : place + chance.randint(0, 500)] = other[start : start + chance.randint(1, 2000)]


def _number(data: bytearray, _: Sequence[bytes], chance: random.Random) -> None:
    """Another length, count, offset or level: where parsers trust what they read."""
    places = [place for place, byte in enumerate(data[:20_000]) if 0x30 <= byte <= 0x39]
    if places and chance.random() < 0.6:
        place = chance.choice(places)
        data[place : place + 1] = chance.choice((b"0", b"-1", b"99999999", b"4294967295", b"1e308"))
    elif len(data) > 8:
        place = chance.randrange(len(data) - 4)
        data[place : place + 4] = chance.choice((b"\x00" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"))


def _nest(data: bytearray, _: Sequence[bytes], chance: random.Random) -> None:
    """Much in one another, and words that never end."""
    piece = chance.choice(
        (b"<div>", b"[", b'{"a":', b"<<", b"(", b"> ", b"a", b"\xd8\x00", b"&lt;", b"--x\n", b"<w:p>")
    )
    place = chance.randrange(len(data) + 1)
    data[place:place] = piece * chance.choice((100, 5_000, 100_000))


MUTATIONS = (_flip, _flip, _flip, _cut, _end, _repeat, _splice, _number, _number, _nest)


@dataclass(slots=True)
class Tally:
    """What became of the files of a kind."""

    counts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    harm: list[str] = field(default_factory=list)


def fuzz(kind: str, files: Iterator[bytes], readers: Readers, work: Path, keep: Path | None) -> Tally:
    """Reads files of a kind, as many at once as there are readers."""
    tally, suffix = Tally(), BY_KIND[kind].suffixes[0]

    def one(numbered: tuple[int, bytes]) -> None:
        number, data = numbered
        path = work / f"{kind}-{number:05}{suffix}"
        path.write_bytes(data)
        began = time.monotonic()
        what = _outcome(readers, path)
        spent = time.monotonic() - began
        tally.counts[what.split(":")[0]] += 1
        tally.slowest = max(tally.slowest, spent)
        if spent > readers.limits.seconds + LATE_SECONDS:
            tally.harm.append(f"{path.name} took {spent:.1f} s")
        if what.startswith("raised"):
            tally.harm.append(f"{path.name}: {what}")
        if keep and what.split(":")[0] not in ("read", "refused"):
            (keep / path.name).write_bytes(data)
            print(f"    {path.name} {what}", flush=True)
        path.unlink()

    with ThreadPoolExecutor(readers.size) as threads:
        for _ in threads.map(one, enumerate(files)):
            pass
    return tally


def _outcome(readers: Readers, path: Path) -> str:
    try:
        readers.read(path)
    except UnreadableFile as error:
        found = next((name for start, name in NOTABLE.items() if str(error).startswith(start)), "refused")
        return f"{found}: {error}"
    except Exception as error:  # what is looked for
        return f"raised: {type(error).__name__}: {error}"
    return "read"


def _strangers(base: Path, work: Path) -> list[str]:
    """Files that no reader had any business to make."""
    here = [str(path) for path in base.rglob("*") if work not in (path, *path.parents) and path.is_file()]
    places = (Path(tempfile.gettempdir()), Path("/"), Path.home(), Path.cwd(), work.parent, base.parent)
    return here + [str(place / CANARY) for place in places if (place / CANARY).exists()]


def main() -> int:
    """Returns 1 where harm was done."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("data", type=Path, help="a folder of real files, such as shared/data/documents")
    parser.add_argument("--count", type=int, default=1000, help="files of each kind")
    parser.add_argument("--kind", action="append", choices=list(BY_KIND), help="one kind; may be given again")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=Limits().seconds, help="the time limit of a file")
    parser.add_argument("--keep", type=Path, help="where to keep files that did more than be refused")
    options = parser.parse_args()
    print(describe("pypdfium2", "python-docx", "python-pptx", "openpyxl", "lxml", "pillow", "rapidocr"))
    data, keep = options.data.resolve(), options.keep and options.keep.resolve()
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
    harm = 0
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        work = base / "home" / "here" / "work"
        work.mkdir(parents=True)
        # What a reader writes to its home, its temporary folder or where it stands, it writes where it is seen.
        os.environ["HOME"] = os.environ["TMPDIR"] = str(base / "home")
        os.chdir(work.parent)
        for kind in options.kind or list(BY_KIND):
            harm += _run(kind, data, options, base, work, keep)
    return 1 if harm else 0


def _run(kind: str, data: Path, options: argparse.Namespace, base: Path, work: Path, keep: Path | None) -> int:
    chance = random.Random(f"{kind} {options.seed}")
    found = seeds(kind, data)
    files = (mutated(chance.choice(found), found, kind, chance) for _ in range(options.count))
    readers = Readers(Limits(seconds=options.seconds))
    began = time.monotonic()
    tally = fuzz(kind, files, readers, work, keep)
    readers.close()
    tally.harm += [f"{path} was made" for path in _strangers(base, work)]
    tally.harm += [f"process {child.pid} is left" for child in psutil.Process().children()]
    counts = ", ".join(f"{count} {name}" for name, count in sorted(tally.counts.items()))
    spent = time.monotonic() - began
    print(f"{kind:9}{len(found):3} seeds: {counts}; slowest {tally.slowest:.1f} s, {spent:.0f} s in all", flush=True)
    for line in tally.harm:
        print(f"    HARM: {line}", flush=True)
    return len(tally.harm)


if __name__ == "__main__":
    sys.exit(main())
