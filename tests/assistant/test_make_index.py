"""What the settings say of the index reaches it."""

from __future__ import annotations

from assistant.libraries import make_index
from assistant.settings import Settings
from index.arrangement import Options
from index.faiss_index import FaissIndex
from index.vectors import PASSAGES


def test_the_index_is_as_the_settings_say(tmp_path):
    settings = Settings.model_validate({"library": {"index": {"exact_up_to": 7, "recall": 0.9, "gpu": False}}})
    index = make_index(settings)(tmp_path, PASSAGES, 384)
    assert isinstance(index, FaissIndex)
    assert index._options == Options(exact_up_to=7, recall=0.9, gpu=False)


def test_the_defaults_of_both_agree(tmp_path):
    index = make_index(Settings())(tmp_path, PASSAGES, 384)
    assert isinstance(index, FaissIndex)
    assert index._options == Options()
