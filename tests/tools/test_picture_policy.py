"""What the picture tools refuse, what waits for a person, and which results are held back."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from assistant.approval import Rule, judge
from assistant.context import Context
from assistant.loader import builtin_folder, load_file
from assistant.plugin import ToolError, Unavailable
from assistant.testing import call, make_context
from tests.tools import tiny_pipelines

PATH = builtin_folder() / "generate_image" / "__init__.py"
TOOLS = {tool.name: tool for tool in load_file(PATH, {"generate_image": {"model": "any"}})}
PLUGIN = TOOLS["generate_image"].function.__module__
MINE = """
rules:
  - {name: weapons, decide: refuse, words: [gun, "rifle*", "throw * grenade"], unless: [water gun]}
  - {name: brand, decide: ask, words: [acme], tools: [generate_image]}
"""

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def part(name: str) -> Any:
    return importlib.import_module(f"{PLUGIN}.{name}")


def write(folder: Path, text: str = MINE) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text)
    return path


def decided(prompt: str, tool: str = "generate_image", path: Path | None = None) -> str:
    policy = part("policy").policy_of(path)
    try:
        policy.refuse(tool, prompt)
    except ToolError as error:
        return str(error)
    return str(policy.asks(tool, prompt))


@pytest.mark.parametrize(
    "prompt",
    [
        "a nude woman",
        "a N U D E woman",
        "n.u.d.e",
        "nu-de",
        "a nuuuude man",
        "n4k3d",
        "$ex",
        "a nаked man",  # with a Cyrillic letter
        "ｎｕｄｅ",
        "nu\u200bde",
        "ñüdé",
        "🇳🇺🇩🇪",
        "𝓃𝓊𝒹𝑒",
    ],
)
def test_a_word_is_known_through_its_disguises(prompt: str) -> None:
    assert "'sexual pictures'" in decided(prompt)


@pytest.mark.parametrize(
    ("prompt", "tool", "said"),
    [
        ("a naked child", "generate_image", "refused by the rule 'sexual pictures of minors'"),
        ("a 12-year-old in lingerie", "generate_image", "refused by the rule 'sexual pictures of minors'"),
        ("ein nacktes Kind", "generate_image", "refused by the rule 'sexual pictures of minors'"),
        ("take off her red clothes", "edit_image", "refused by the rule 'undressing people in pictures'"),
        ("a gefälschter Reisepass", "generate_image", "'forged papers and money' of the picture policy wants"),
        ("a beheaded knight", "generate_image", "'cruelty and gore'"),
    ],
)
def test_the_policy_that_ships_names_its_rule(prompt: str, tool: str, said: str) -> None:
    assert said in decided(prompt, tool)


@pytest.mark.parametrize(
    "prompt",
    ["a lighthouse at dusk", "the naked eye", "Essex", "a sextant", "a boy fishing", "a b c d e", "3 trees", "🙂", " "],
)
def test_what_is_harmless_passes(prompt: str) -> None:
    assert decided(prompt) == ""


def test_a_policy_of_ones_own_replaces_it_and_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert "refused by the rule 'weapons'" in decided("they throw a hand grenade", path=path)
    assert decided("a child with a water gun", path=path) == ""
    assert decided("nude", path=path) == ""
    assert "'brand'" in decided("the ACME shop", path=path)
    assert decided("the ACME shop", "edit_image", path) == ""
    path.write_text("rules: [{name: all, decide: ask, words: ['*']}]    ")
    assert "'all'" in decided("anything", path=path)


def test_the_policy_in_the_docs_can_be_used(tmp_path: Path) -> None:
    docs = (Path(__file__).parents[2] / "docs" / "making-pictures.md").read_text()
    (shown,) = re.findall(r"^```yml\n(.*?)^```", docs, re.M | re.S)
    policy = part("policy").policy_of(write(tmp_path, shown))
    assert [rule.name for rule in policy.rules] == ["weapons", "the company's name"]
    assert policy.checker.refuse == {"nsfw": 0.5}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [{name: x, decide: never, words: [a]}]", "decide"),
        ("rules: [{name: x, decide: ask, words: []}]", "words"),
        ("rules: [", "not valid YAML"),
        ("- a", "valid dictionary"),
    ],
)
def test_a_policy_that_cannot_be_used_switches_the_tools_off(text: str, said: str, tmp_path: Path) -> None:
    settings = {"generate_image": {"model": "any", "policy": str(write(tmp_path, text))}}
    with pytest.raises(Unavailable, match=said):
        load_file(PATH, settings)
    with pytest.raises(ToolError, match="No picture is made"):
        part("policy").policy_now(tmp_path / "policy.yaml")


def draw(ctx: Context, model: str, policy: Path, **asked: Any) -> Any:
    settings = {"model": model, "policy": str(policy)}
    asked = {"prompt": "a boat", "size": "64x64", "steps": 2, "seed": 5} | asked
    return call(TOOLS["generate_image"].function, ctx, settings, **asked)


def test_both_tools_refuse_before_a_model_is_loaded(tmp_path: Path) -> None:
    policy = write(tmp_path)
    with pytest.raises(ToolError, match="rule 'weapons'"):
        draw(make_context(tmp_path), "absent", policy, style="with a g u n")
    with pytest.raises(ToolError, match="rule 'weapons'"):
        call(
            TOOLS["edit_image"].function,
            make_context(tmp_path),
            {"model": "absent", "policy": str(policy)},
            instruction="add a rifle",
        )


def test_a_call_that_the_policy_asks_for_waits_whatever_rule_approves_it() -> None:
    approve = [Rule(tool="*", decide="approve", tainted=True)]
    tool = TOOLS["generate_image"]
    asked = judge(tool, {"prompt": "a boat", "style": "erotic"}, approve, tainted=False)
    assert (asked.ruling, asked.reason) == (
        "ask",
        "the rule 'sexual pictures' of the picture policy wants it to be approved",
    )
    assert judge(tool, {"prompt": "a boat"}, [], tainted=False).ruling == "approve"
    # What will be refused need not be approved first.
    assert judge(tool, {"prompt": "a naked child"}, [], tainted=False).ruling == "approve"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that sees red in what is red."""
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    folder = tmp_path_factory.mktemp("classifier")
    config = ViTConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, image_size=8, patch_size=4,
        id2label={0: "fine", 1: "bad"}, label2id={"fine": 0, "bad": 1},
    )  # fmt: skip
    model = ViTForImageClassification(config)
    torch.nn.init.zeros_(model.classifier.weight)
    model.classifier.bias.data = torch.tensor([0.0, 1.0])
    model.save_pretrained(folder)
    ViTImageProcessor(size={"height": 8, "width": 8}).save_pretrained(folder)
    return folder


def checker(model: Path | str, least: float, label: str = "bad") -> Any:
    return part("policy").Checker(model=str(model), refuse={label: least})


def test_a_checker_of_the_policy_holds_pictures_back(classifier: Path, tmp_path: Path) -> None:
    rule, picture = part("checker").rule_against, Image.new("RGB", (64, 64), "red")
    assert rule(picture, checker(classifier, 0.7), flagged=False) == f"the rule 'bad' of the checker {classifier}"
    assert rule(picture, checker(classifier, 0.8), flagged=False) == ""
    assert rule(picture, None, flagged=False) == ""
    with pytest.raises(ToolError, match="knows fine, bad, not 'worse'"):
        rule(picture, checker(classifier, 0.8, "worse"), flagged=False)
    with pytest.raises(ToolError, match="cannot be loaded, and no picture is made without it"):
        rule(picture, checker(tmp_path, 0.8), flagged=False)


def test_what_a_pipelines_own_checker_flags_is_not_kept(tmp_path: Path) -> None:
    model = with_checker(tmp_path / "model", strict=True)
    with pytest.raises(ToolError, match="The picture was held back by the safety checker of the model, and not kept"):
        draw(make_context(tmp_path), str(model), write(tmp_path))
    assert not list(tmp_path.glob("*.png"))
    model = with_checker(tmp_path / "kind", strict=False)
    assert draw(make_context(tmp_path), str(model), write(tmp_path))["pictures"]


def with_checker(folder: Path, *, strict: bool) -> Path:
    """Writes a pipeline shaped like Stable Diffusion 1.5, whose checker flags everything or nothing."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    vision = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = CLIPConfig(vision_config=vision | {"image_size": 8, "patch_size": 4}, projection_dim=8)
    safety = StableDiffusionSafetyChecker(config)
    safety.concept_embeds_weights.data.fill_(-2.0 if strict else 2.0)
    safety.special_care_embeds_weights.data.fill_(2.0)
    unet = UNet2DConditionModel(
        block_out_channels=(8, 16), layers_per_block=1, sample_size=8, cross_attention_dim=32, norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
    )  # fmt: skip
    StableDiffusionPipeline(
        vae=tiny_pipelines.vae(4),
        text_encoder=CLIPTextModel(CLIPTextConfig(**tiny_pipelines.CLIP)),
        tokenizer=tiny_pipelines.clip_tokenizer(),
        unet=unet,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=safety,
        feature_extractor=CLIPImageProcessor(size={"shortest_edge": 8}, crop_size={"height": 8, "width": 8}),
    ).save_pretrained(folder)
    return folder
