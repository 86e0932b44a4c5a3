from pathlib import Path

import pytest

from assistant.errors import SettingsError
from assistant.settings import ServerEngine, Settings
from assistant.settings_file import load_settings

CONFIGS = Path(__file__).parents[2] / "configs"


# Tables of models and of rules, which are not settings.
TABLES = {CONFIGS / "models.yaml", CONFIGS / "picture-policy.yaml"}


@pytest.mark.parametrize("path", sorted({*CONFIGS.glob("*.yaml")} - TABLES), ids=lambda path: path.name)
def test_every_shipped_configuration_loads(path: Path) -> None:
    assert load_settings(path).home.is_absolute()


def test_default_yaml_states_the_defaults() -> None:
    assert load_settings(CONFIGS / "default.yaml") == load_settings()


def test_default_yaml_names_every_key() -> None:
    text = (CONFIGS / "default.yaml").read_text()
    sections = (Settings, *(field.annotation for field in Settings.model_fields.values()))
    keys = [key for section in sections for key in getattr(section, "model_fields", {})]
    assert [key for key in keys if f"{key}:" not in text] == []


def test_command_line_wins_over_environment_and_file(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("home: /from/file\n")
    environ = {"ASSISTANT_HOME": "/from/environment"}
    assert load_settings(config).home == Path("/from/file")
    assert load_settings(config, environ=environ).home == Path("/from/environment")
    assert load_settings(config, {"home": Path("/from/option")}, environ).home == Path("/from/option")


def test_an_engine_may_be_a_server(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("engine: {url: http://127.0.0.1:1/v1, timeout: 3}\n")
    assert load_settings(config).engine == ServerEngine(url="http://127.0.0.1:1/v1", timeout=3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("enginee: auto", "unknown key 'enginee', did you mean 'engine'?"),
        ("agent: {max_step: 3}", "did you mean 'agent.max_steps'?"),
        ("engine: {urll: http://x}", "unknown key 'engine.urll'"),
        ("engine: gpt", "engine must be auto, builtin, vllm, {url:"),
        ("engine: {url: ftp://x}", "engine.url"),
        ("library: {passages: many}", "library.passages"),
        ("library: {embedder: {url: http://x}}", "library.embedder.model: field required"),
        ("library: {embedder: {urll: http://x}}", "unknown key 'library.embedder.urll'"),
        ("library: {embedder: 3}", "library.embedder"),
        ("library: {vectors: chroma}", "library.vectors must be faiss or {milvus:"),
        ("library: {vectors: {milvus: localhost}}", "library.vectors.milvus"),
        ("page: {port: 99999}", "page.port"),
        ("- auto", "must hold keys and values"),
        ("a: [1", "is not valid YAML"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(text)
    with pytest.raises(SettingsError) as error:
        load_settings(config)
    assert said in str(error.value)
    assert str(config) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no configuration file"):
        load_settings(tmp_path / "none.yaml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(SettingsError, match="Cannot read"):
        load_settings(config)


def test_an_address_of_a_database_is_asked_for_in_words(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("database: {url: mysql://me@here/notes}")
    with pytest.raises(SettingsError, match="must be an address such as postgresql://"):
        load_settings(file)
