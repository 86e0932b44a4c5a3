"""The files for containers: they fit the schemas of Compose and Kubernetes, and the assistant that they start."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from click.testing import CliRunner

from assistant.api.serve import GRACE, TO_TELL
from assistant.cli import cli
from assistant.engines.vllm import plan
from assistant.engines.vllm.checkpoint import Checkpoint
from assistant.engines.vllm.gpus import Gpu
from assistant.settings_file import load_settings
from assistant.vllm_settings import VllmEngine

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OBJECTS: list[dict[str, Any]] = [*yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())]
ENDS = {"page": 7860, "api": 8080, "vllm": 8000, "postgres": 5432, "milvus": 19530}


def objects(*kinds: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] in kinds}


def named(each: dict[str, Any]) -> str:
    return f"{each['kind']} {each['metadata']['name']}"


WORKLOADS = objects("Deployment", "StatefulSet")


def check_compose(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_compose_fits_its_schema_and_the_schema_finds_mistakes(tmp_path: Path) -> None:
    done = check_compose(DEPLOY / "compose.yaml")
    assert done.returncode == 0, done.stdout
    broken = tmp_path / "compose.yaml"
    broken.write_text((DEPLOY / "compose.yaml").read_text().replace("    healthcheck:", "    healthchecks:", 1))
    assert "healthchecks" in check_compose(broken).stdout


@pytest.mark.parametrize("version", ["1.31", "1.37"])
@pytest.mark.parametrize("each", OBJECTS, ids=named)
def test_every_object_fits_the_schema_of_kubernetes(each: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(each, version, strict=True)


def test_the_schema_of_kubernetes_finds_mistakes() -> None:
    wrong = {**WORKLOADS["page"], "spec": {**WORKLOADS["page"]["spec"], "replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        kubernetes_validate.validate(wrong, "1.37", strict=True)


def test_both_start_the_same_parts_with_the_same_settings() -> None:
    assert set(COMPOSE["services"]) == set(WORKLOADS) == set(objects("Service")) == set(ENDS)
    maps = objects("ConfigMap")
    assert maps["assistant"]["data"]["assistant.yaml"] == (DEPLOY / "assistant.yaml").read_text()
    assert maps["milvus"]["data"]["embedEtcd.yaml"] == (DEPLOY / "etcd.yaml").read_text()
    for name, service in COMPOSE["services"].items():
        (container,) = WORKLOADS[name]["spec"]["template"]["spec"]["containers"]
        assert container["image"] == service["image"]
        assert container.get("args", service.get("command")) == service.get("command")


def test_vllm_is_started_as_our_own_launcher_would(monkeypatch: pytest.MonkeyPatch) -> None:
    command = COMPOSE["services"]["vllm"]["command"]
    # As the hub tells of it, which is not asked here.
    known = Checkpoint(command[0], command[0].rpartition("/")[2], {"model_type": "qwen3_vl"}, size=10_600_000_000)
    monkeypatch.setattr(plan, "look_at", lambda model: known)
    monkeypatch.setattr(plan, "PORT", 0)
    card = Gpu(0, "GPU-0", "NVIDIA L4", 24 * 2**30, 24 * 2**30, 8.9, "580.10")
    launched = plan.make_plan(VllmEngine(vllm=command[0], program=sys.executable), [card]).command
    # Where it listens and what the model is called is for the container to say.
    own = {"host", "port", "served-model-name"}
    assert flags_of(command[1:]) == {name: each for name, each in flags_of(launched[3:]).items() if name not in own}


def flags_of(words: Sequence[str]) -> dict[str, str]:
    """Returns flags with their values, written in either of the two ways."""
    found: dict[str, str] = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            found[name] = value
        else:
            found[name] = word
    return found


@pytest.mark.parametrize("name", ENDS)
def test_pods_may_do_no_more_than_they_need(name: str) -> None:
    pod = WORKLOADS[name]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    if name in ("page", "api"):
        (_, pause) = container["lifecycle"]["preStop"]["exec"]["command"]
        assert int(pause) + GRACE + TO_TELL < pod["terminationGracePeriodSeconds"]
        assert pod_labels(name)["home"] == "shared"
    else:
        rule = objects("NetworkPolicy")[name]["spec"]
        assert rule["podSelector"]["matchLabels"].items() <= pod_labels(name).items()
        assert rule["ingress"][0]["ports"] == [{"port": ENDS[name]}]


def pod_labels(name: str) -> dict[str, str]:
    labels: dict[str, str] = WORKLOADS[name]["spec"]["template"]["metadata"]["labels"]
    return labels


def test_the_settings_name_the_parts_by_their_services() -> None:
    settings = load_settings(DEPLOY / "assistant.yaml")
    assert settings.database
    places = f"{settings.engine} {settings.library.vectors} {settings.database.url}"
    for host in ("vllm:8000", "milvus:19530", "@postgres/"):
        assert host in places
    assert settings.page.port == ENDS["page"]


@pytest.mark.parametrize("name", ["page", "api"])
def test_their_commands_are_ours(name: str) -> None:
    command, *words = COMPOSE["services"][name]["command"]
    said = CliRunner().invoke(cli, [command, "--help"]).output
    for option in [word for word in words if word.startswith("--")]:
        assert option in said
    assert str(ENDS[name]) in COMPOSE["services"][name]["ports"][0]


@pytest.mark.parametrize("name", ENDS)
def test_a_service_leads_to_its_pods_and_they_have_what_they_mount(name: str) -> None:
    service, workload = objects("Service")[name], WORKLOADS[name]
    pod = workload["spec"]["template"]
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert workload["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    ports = {each["name"]: each["containerPort"] for each in pod["spec"]["containers"][0]["ports"]}
    (port,) = service["spec"]["ports"]
    assert ports[port["targetPort"]] == port["port"] == ENDS[name]
    volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
    assert {each["name"] for each in pod["spec"]["containers"][0]["volumeMounts"]} == set(volumes)
    for volume in volumes.values():
        if claim := volume.get("persistentVolumeClaim"):
            assert claim["claimName"] in objects("PersistentVolumeClaim")
        if settings := volume.get("configMap"):
            assert settings["name"] in objects("ConfigMap")


def test_what_the_image_is_made_of_is_there() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists(), source
    assert set(re.findall(r"EXPOSE (\d+) (\d+)", text)[0]) == {str(ENDS["page"]), str(ENDS["api"])}
    extras = re.findall(r"'\.\[(.+)\]'", text)[0].split(",")
    known = (ROOT / "pyproject.toml").read_text()
    assert [name for name in extras if not re.search(rf"^{name} = \[", known, re.MULTILINE)] == []


def test_no_password_is_in_a_file() -> None:
    for path in DEPLOY.iterdir():
        for line in path.read_text().splitlines():
            if re.search(r"password\w*:", line, re.IGNORECASE) and "{POSTGRES_PASSWORD" not in line:
                assert "secretKeyRef" in line or line.strip().startswith("#"), line
