"""The invisible mark: found after what happens to pictures on their way, not seen, and not found where it is not."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from assistant.origin.made import Made
from assistant.origin.sign import Signer
from assistant.origin.verify import TOO_LARGE, verify
from assistant.origin.watermark import ENOUGH, is_marked, mark, strengths
from assistant.testing import make_context

LEAST_PSNR = 38  # decibels


def drawn(size: tuple[int, int] = (512, 640)) -> Image.Image:
    """Plain grounds, edges and something rough."""
    picture = Image.new("RGB", size, "skyblue")
    rough = Image.fromarray(np.random.RandomState(1).randint(0, 255, (size[1] // 3, size[0], 3)).astype(np.uint8))
    picture.paste(rough, (0, size[1] // 2))
    ImageDraw.Draw(picture).ellipse((60, 60, 300, 260), fill="gold", outline="black", width=4)
    return picture


@pytest.fixture(scope="module")
def marked() -> Image.Image:
    return mark(drawn())


def jpeg(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=75)
    return Image.open(buffer)


def half(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2))


def cropped(picture: Image.Image) -> Image.Image:
    return picture.crop((20, 50, 20 + round(picture.width * 0.9), 50 + round(picture.height * 0.9)))


@pytest.mark.parametrize("change", [jpeg, half, cropped, lambda picture: jpeg(half(picture))])
def test_it_outlives_what_happens_to_pictures(
    marked: Image.Image, change: Callable[[Image.Image], Image.Image]
) -> None:
    assert is_marked(change(marked))
    assert not is_marked(change(drawn()))


@pytest.mark.parametrize("colour", ["white", "black", "red", "grey"])
def test_it_is_found_on_plain_ground_and_not_seen(colour: str) -> None:
    plain = Image.new("RGB", (512, 512), colour)
    changed = mark(plain)
    assert is_marked(jpeg(changed))
    assert is_marked(half(changed))
    assert decibels(plain, changed) > LEAST_PSNR + 8


def test_it_is_weak_where_much_is_going_on_too(marked: Image.Image) -> None:
    assert decibels(drawn(), marked) > LEAST_PSNR


def decibels(one: Image.Image, two: Image.Image) -> float:
    error = np.mean((np.asarray(one, float) - np.asarray(two, float)) ** 2)
    return 10 * math.log10(255**2 / float(error))


def test_a_small_picture_and_a_marked_one_stay_as_they_are(marked: Image.Image) -> None:
    small = drawn((511, 900))
    assert mark(small) is small
    assert next(strengths(marked)) > ENOUGH
    assert mark(marked) is marked


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK"])
def test_any_mode_can_be_marked_and_transparency_stays(mode: str) -> None:
    picture = drawn().convert(mode)
    changed = mark(picture)
    assert is_marked(changed)
    if mode.endswith("A"):
        assert changed.mode == mode
        assert changed.getchannel("A").tobytes() == picture.getchannel("A").tobytes()


def test_a_made_picture_that_was_stripped_is_known_by_its_mark(tmp_path: Path) -> None:
    context = make_context(tmp_path)
    context.sign = Signer(tmp_path / "keys").sign
    saved = Path(context.save_made("a", drawn(), Made("generate_image", "any", "a boat")).path)
    assert verify(saved).state == "signed"
    with Image.open(saved) as picture:
        picture.save(tmp_path / "stripped.jpg", quality=75)
    assert verify(tmp_path / "stripped.jpg").state == "watermark"
    for ending in ("webp", "tiff", "gif"):
        saved_again = tmp_path / f"stripped.{ending}"
        with Image.open(tmp_path / "stripped.jpg") as picture:
            picture.save(saved_again)
        assert verify(saved_again).state == "watermark"
    drawn().save(tmp_path / "plain.png")
    assert verify(tmp_path / "plain.png").state == "nothing"


def test_what_cannot_be_looked_at_has_nothing_and_says_why(tmp_path: Path) -> None:
    Image.new("1", (9000, 9000)).save(tmp_path / "bomb.png")
    Image.new("1", (15000, 15000)).save(tmp_path / "larger.png")
    (tmp_path / "empty.png").touch()
    (tmp_path / "half.png").write_bytes((tmp_path / "bomb.png").read_bytes()[:60])
    drawn().save(tmp_path / "page.eps")
    for name in ("bomb.png", "larger.png"):
        assert (verify(tmp_path / name).state, verify(tmp_path / name).reasons) == ("nothing", (TOO_LARGE,))
    for name in ("empty.png", "half.png", "page.eps"):
        assert verify(tmp_path / name).state == "nothing"
    with pytest.raises(OSError, match="no file"):
        verify(tmp_path)
