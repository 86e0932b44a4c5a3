"""What can be known of a model before vLLM is started with it, and what is wrong with it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.errors import SettingsError

WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.gguf")
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
GB = 1e9
# A Git LFS pointer, which stands where the file itself was not fetched, is shorter than this.
POINTER_BYTES = 1024
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model.

    Attributes:
        model: Its name on the hub, or its folder.
        name: What it is called.
        config: Its ``config.json``; empty where that is not at hand.
        template: Its chat template, likewise.
        size: Its weights in bytes; None where that is not known.
    """

    model: str
    name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    template: str = ""
    size: int | None = None

    @property
    def kind(self) -> str:
        """What its configuration calls its architecture, such as ``qwen3``."""
        return str(self.config.get("model_type", ""))

    @property
    def quantised(self) -> bool:
        """Whether its weights are."""
        return bool(self._text("quantization_config") or self._text("compression_config"))

    @property
    def heads(self) -> int | None:
        """How many attention heads it has, which tensor parallelism has to divide."""
        heads = self._text("num_attention_heads")
        return heads if isinstance(heads, int) else None

    def _text(self, key: str) -> Any:
        """Returns a value of the language model, which models that see have in a part of their configuration."""
        part = self.config.get("text_config")
        inner = part.get(key) if isinstance(part, dict) else None
        return self.config.get(key, inner)


def look_at(model: str, environ: Mapping[str, str] | None = None) -> Checkpoint:
    """Returns what is known of a model.

    Args:
        model: A folder, or a name on the hub, which is asked where it can be reached.
        environ: The environment; None is this process's own.

    Raises:
        SettingsError: There is no such model, or it cannot be served as it is.
    """
    folder = Path(model).expanduser()
    if folder.exists() or model.startswith(("/", "~", "./", "../")):
        return _in_folder(folder, model)
    if not HUB_NAME.fullmatch(model):
        raise SettingsError(
            f"{model} is neither a folder nor a name on the Hugging Face hub, such as Qwen/Qwen3-8B: check engine.vllm."
        )
    return _on_hub(model, os.environ if environ is None else environ)


def _in_folder(folder: Path, model: str) -> Checkpoint:
    if not folder.is_dir():
        raise SettingsError(f"There is no folder {model}: check engine.vllm.")
    if not (folder / "config.json").exists() and not (folder / "params.json").exists():
        raise SettingsError(f"The folder {model} holds no model: config.json is missing.")
    weights = [path for pattern in WEIGHTS for path in folder.glob(pattern)]
    if not weights:
        raise SettingsError(
            f"The folder {model} holds no weights: it needs *.safetensors (or *.bin) beside config.json."
        )
    if hollow := [path.name for path in weights if path.stat().st_size < POINTER_BYTES]:
        raise SettingsError(f"{hollow[0]} in {model} is no file of weights but a pointer: fetch it (git lfs pull).")
    if missing := _missing(folder):
        raise SettingsError(f"{missing[0]} is missing in {model}, and {len(missing) - 1} more: fetch the whole model.")
    size = sum(path.stat().st_size for path in weights)
    return Checkpoint(
        str(folder.resolve()), folder.resolve().name, _json(folder / "config.json"), _template(folder), size
    )


def _missing(folder: Path) -> list[str]:
    """Returns the files that an index of weights names and that are not there."""
    named = {name for index in folder.glob("*.index.json") for name in _json(index).get("weight_map", {}).values()}
    return sorted(name for name in named if not (folder / name).exists())


def _template(folder: Path) -> str:
    file = folder / "chat_template.jinja"
    if file.exists():
        return file.read_text(encoding="utf-8", errors="replace")
    return json.dumps(_json(folder / "tokenizer_config.json").get("chat_template", ""))


def _json(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error
    return found if isinstance(found, dict) else {}


def _on_hub(model: str, environ: Mapping[str, str]) -> Checkpoint:
    from huggingface_hub import HfApi, errors, hf_hub_download, try_to_load_from_cache

    name = model.rpartition("/")[2]
    cached = try_to_load_from_cache(model, "config.json")
    here = Path(cached) if isinstance(cached, str) else None
    size = None
    if environ.get("HF_HUB_OFFLINE", "").upper() not in ("1", "TRUE", "YES", "ON"):
        try:
            info = HfApi().model_info(model, files_metadata=True, timeout=SECONDS)
            files = info.siblings or []
            size = sum(each.size or 0 for each in files if each.rfilename.endswith(".safetensors")) or None
            here = here or Path(hf_hub_download(model, "config.json", etag_timeout=SECONDS))
        except errors.GatedRepoError:
            raise SettingsError(
                f"The hub does not give out {model} without permission: accept its terms there and set HF_TOKEN."
            ) from None
        except errors.RepositoryNotFoundError:
            raise SettingsError(f"There is no model {model} on the Hugging Face hub: check engine.vllm.") from None
        except errors.EntryNotFoundError:
            pass  # as a repository of GGUF files has none
        except Exception as error:  # whatever keeps the hub from being reached
            if here is None:
                raise SettingsError(
                    f"{model} is not on this machine and the hub cannot be asked ({type(error).__name__}): connect, or "
                    "name a folder."
                ) from error
    elif here is None:
        raise SettingsError(f"{model} is not on this machine and HF_HUB_OFFLINE is set: fetch it, or name a folder.")
    if here is None:
        return Checkpoint(model, name, size=size)
    return Checkpoint(model, name, _json(here), _template(here.parent), size)
