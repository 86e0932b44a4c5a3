"""Pictures from a server: what it is asked, what becomes of its answers, and how its failures are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from PIL import Image

from assistant.approval import judge
from assistant.context import Context
from assistant.loader import builtin_folder, load_file
from assistant.origin.sign import Signer
from assistant.origin.verify import verify
from assistant.origin.watermark import is_marked
from assistant.plugin import ToolError
from assistant.schema import build_tool
from assistant.testing import call, make_context
from tests.tools.picture_server import PictureServer, coded, picture, picture_server, said

PATH = builtin_folder() / "generate_image" / "__init__.py"
TOOLS = {tool.name: tool.function for tool in load_file(PATH, {"generate_image": {"model": "any"}})}
Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def server() -> Iterator[PictureServer]:
    with picture_server() as running:
        running.answer = said(200, picture())
        yield running


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return make_context(tmp_path)


def use(tool: str, ctx: Context, server: PictureServer, remote: dict[str, Any] | None = None, **asked: Any) -> Any:
    settings = {"remote": {"url": server.url, "model": "far", "timeout": 20} | (remote or {})}
    return call(TOOLS[tool], ctx, settings, **asked)


def draw(ctx: Context, server: PictureServer, remote: dict[str, Any] | None = None, **asked: Any) -> Any:
    return use("generate_image", ctx, server, remote, **({"prompt": "a boat"} | asked))


def change(ctx: Context, server: PictureServer, **asked: Any) -> Any:
    return use("edit_image", ctx, server, **({"instruction": "a boat"} | asked))


def opened(path: Path) -> Image.Image:
    with Image.open(path) as found:
        return found.copy()


def test_a_picture_comes_from_the_server_and_tells_so(ctx: Context, server: PictureServer, tmp_path: Path) -> None:
    ctx.sign = Signer(tmp_path / "keys").sign
    server.answer = said(200, picture((512, 512)))
    (row,) = draw(ctx, server, size="512x512")["pictures"]
    path, headers, body = server.asked[0]
    wanted = {"model": "far", "prompt": "a boat", "n": 1, "size": "512x512", "response_format": "b64_json"}
    assert (path, json.loads(body)) == ("/v1/images/generations", wanted)
    assert "authorization" not in headers
    assert (row["model"], row["size"], row["seed"], row["steps"]) == ("far", "512x512", None, None)
    verdict = verify(tmp_path / row["file"])
    assert verdict.state == "signed"
    assert verdict.made is not None
    assert (verdict.made["model"], verdict.made["server"]) == ("far", server.url)
    assert is_marked(opened(tmp_path / row["file"]))


def test_what_the_server_takes_is_sent_by_its_names(
    ctx: Context, server: PictureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PICTURES_API_KEY", "secret")
    names = {"seed": "seed", "steps": "num_inference_steps", "negative_prompt": "negative_prompt"}
    remote = {"parameters": names, "also": {"quality": "high"}, "model": "gpt-image-1"}
    asked = {"count": 2, "seed": 7, "steps": 4, "negative_prompt": "rain"}
    made = draw(ctx, server, remote | {"api_key_env": "PICTURES_API_KEY"}, **asked)
    assert [row["seed"] for row in made["pictures"]] == [7, 8]
    assert server.asked[1][1]["authorization"] == "Bearer secret"
    assert json.loads(server.asked[1][2]) == {
        "model": "gpt-image-1", "prompt": "a boat", "n": 1, "seed": 8, "num_inference_steps": 4,
        "negative_prompt": "rain", "quality": "high",
    }  # fmt: skip


@pytest.mark.parametrize(
    "asked", [{"seed": 4}, {"steps": 4}, {"guidance": 3.0}, {"negative_prompt": "rain"}, {"prompt": "a naked child"}]
)
def test_what_it_does_not_take_is_refused_before_it_is_asked(
    ctx: Context, server: PictureServer, asked: dict[str, Any]
) -> None:
    with pytest.raises(ToolError, match=r"takes no|refused by the rule"):
        draw(ctx, server, **asked)
    assert server.asked == []


def fields(server: PictureServer) -> dict[str, Any]:
    _, headers, body = server.asked[-1]
    whole = message_from_bytes(b"Content-Type: " + headers["content-type"].encode() + b"\r\n\r\n" + body, policy=HTTP)
    return {part.get_param("name", header="content-disposition"): part.get_content() for part in whole.iter_parts()}


def test_a_picture_is_changed_there_where_it_is_masked(ctx: Context, server: PictureServer, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), "white").save(tmp_path / "given.png")
    mask = Image.new("L", (64, 48))
    mask.paste(255, (0, 0, 32, 48))
    mask.save(tmp_path / "mask.png")
    server.answer = said(200, picture((128, 96)))
    row = change(ctx, server, image="given.png", mask="mask.png")["picture"]
    made = opened(tmp_path / row["file"])
    assert (made.getpixel((5, 5)), made.getpixel((60, 5))) == ((0, 128, 128), (255, 255, 255))
    sent = fields(server)
    assert (server.asked[0][0], sent["prompt"].strip(), sent["n"].strip()) == ("/v1/images/edits", "a boat", "1")
    alpha = Image.open(BytesIO(sent["mask"])).getchannel("A")
    assert (alpha.getpixel((5, 5)), alpha.getpixel((60, 5))) == (0, 255)


def test_a_picture_of_another_shape_keeps_it_but_not_under_a_mask(
    ctx: Context, server: PictureServer, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "given.png")
    Image.new("L", (64, 48)).save(tmp_path / "mask.png")
    assert change(ctx, server, image="given.png")["picture"]["size"] == "64x64"
    with pytest.raises(ToolError, match="gave 64x64 pixels for a picture of 64x48"):
        change(make_context(tmp_path), server, image="given.png", mask="mask.png")
    assert change(make_context(tmp_path), server, image="given.png", mode="enlarge")["picture"]["size"] == "128x96"


def broken(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(picture()[:50])
    handler.close_connection = True


def error(text: str) -> bytes:
    return json.dumps({"error": {"message": text}}).encode()


PAGE = b"<!DOCTYPE html><html><title>Welcome</title></html>"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said(200, PAGE, "text/html"), "answered with a web page; its URL in the settings mostly ends in /v1"),
        (said(404, PAGE, "text/html"), r"refuses this \(404\)\."),
        (said(301, b""), "answered 301 and no picture"),
        (said(400, error("Size not supported.")), r"refuses this \(400\): Size not supported\.$"),
        (said(401, error("Who are you?")), "does not accept the key"),
        (said(429, error("Slow down")), r"is busy.*\(429\); ask again later: Slow down\."),
        (said(500, b"Traceback: out of memory"), r"failed \(500\): Traceback: out of memory\."),
        (said(500, b"x" * 5000), r"failed \(500\): x{199}…\.$"),
        (broken, "broke off in the middle of its answer"),
        (said(200, b'{"data": [{"b64_json": "aGFs'), "something that is no picture"),
        (said(200, b'{"data": [{"b64_json": "%%%"}]}'), "something that is no picture"),
        (said(200, coded(b"hello")), "gave cannot be read as a picture"),
        (said(200, picture((9000, 9000), "white", "1")), "gave has too many pixels"),
        (said(200, b'{"data": []}'), "answered without a picture"),
        (said(200, b"[]"), "answered without a picture"),
        (said(200, b'{"data": [{"url": "http://127.0.0.1/a.png"}]}'), "gave a link in place of the picture"),
        (said(200, b"[" * 100_000), "something that is no picture"),
    ],
)
def test_each_failure_is_told_in_a_sentence_and_the_next_request_works(
    ctx: Context, server: PictureServer, tmp_path: Path, answer: Answer, words: str
) -> None:
    server.answer = answer
    with pytest.raises(ToolError, match=words):
        draw(ctx, server)
    server.answer = said(200, picture())
    assert draw(make_context(tmp_path), server)["pictures"]


def test_too_large_an_answer_is_given_up(ctx: Context, server: PictureServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    module = importlib.import_module(f"{TOOLS['generate_image'].__module__}.ask_server")
    monkeypatch.setattr(module, "LARGEST", 2**20)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not server.over.is_set():
            handler.wfile.write(b" " * 65536)

    server.answer = endless
    with pytest.raises(ToolError, match="sent more than 1 MB"):
        draw(ctx, server)


def silent(server: PictureServer) -> Answer:
    return lambda handler: server.over.wait(60) and None


def test_a_server_that_says_nothing_or_drips_is_given_up(ctx: Context, server: PictureServer, tmp_path: Path) -> None:
    server.answer = silent(server)
    with pytest.raises(ToolError, match=r"gave no picture within 0\.5 s"):
        draw(ctx, server, {"timeout": 0.5})

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not server.over.wait(0.05):
            handler.wfile.write(b" ")

    server.answer = drip
    with pytest.raises(ToolError, match=r"gave no picture within 0\.5 s"):
        draw(make_context(tmp_path), server, {"timeout": 0.5})


def test_a_stop_ends_the_waiting(ctx: Context, server: PictureServer) -> None:
    server.answer = silent(server)
    Timer(0.5, ctx.cancel).start()
    with pytest.raises(ToolError, match="Stopped; 0 of 1"):
        draw(ctx, server, {"timeout": 60})


def test_a_server_that_is_not_there_is_named(ctx: Context, server: PictureServer) -> None:
    gone = PictureServer("http://127.0.0.1:9/v1")
    with pytest.raises(ToolError, match=r"picture server at http://127\.0\.0\.1:9/v1 cannot be reached"):
        draw(ctx, gone)


def test_only_a_server_or_a_hub_makes_the_tools_touch_the_network(tmp_path: Path) -> None:
    far = {"remote": {"url": "http://127.0.0.1:9/v1", "model": "far"}}
    touches = [
        build_tool(TOOLS["generate_image"], "here", settings).options.touches
        for settings in (far, {"model": "some/name"}, {"model": str(tmp_path)})
    ]
    assert touches == [("network",), ("network",), ()]
    assert judge(build_tool(TOOLS["edit_image"], "here", far), {"instruction": "x"}, [], tainted=True).ruling == "ask"
