"""The Model Context Protocol with its official SDK at the other end, over pipes and over HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from pydantic import AnyUrl

from assistant.app import build, open_tools
from assistant.approval import Decision
from assistant.context import Context
from assistant.events import Answer, ApprovalNeeded, ToolFinished
from assistant.mcp import client as mcp_client
from assistant.runner import run_tool
from assistant.settings import McpServer, Settings, ToolSettings
from assistant.toolbox import Plugins
from tests.ports import free_port
from tests.replies import Calls, Text
from tests.scripted_server import ScriptedServer

SERVER = Path(__file__).with_name("mcp_server.py")
LOCAL = McpServer(command=sys.executable, args=(str(SERVER),), pass_env=("LOG",), timeout=20)
ASSISTANT = [sys.executable, "-m", "assistant"]


@pytest.fixture(autouse=True)
def calls_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the server writes what it was asked."""
    monkeypatch.setenv("LOG", str(tmp_path / "calls.txt"))
    monkeypatch.setenv("PRIVATE_KEY", "hush")
    return tmp_path / "calls.txt"


def is_png(path: str) -> bool:
    return Path(path).read_bytes().startswith(b"\x89PNG")


def asked(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def sent(tools: Path) -> str:
    path = tools / "sent.txt"
    return path.read_text() if path.exists() else ""


def settings_with(home: Path, **servers: McpServer) -> Settings:
    return Settings(home=home, tools=ToolSettings(mcp=servers))


async def call(plugins: Plugins, name: str, folder: Path, /, **arguments: Any) -> Any:
    context = Context(None, lambda hit: 1, folder, 5)  # type: ignore[arg-type]
    return await run_tool(plugins.toolbox.tools[name], "one", arguments, context), context


async def test_a_servers_tools_are_tools_like_any_other(home: Path, tmp_path: Path) -> None:
    async with open_tools(settings_with(home, facts=LOCAL)) as plugins:
        tool = plugins.toolbox.tools["facts_height_of"]
        assert tool.description == "Tells how high a lighthouse is."
        assert tool.parameters["properties"]["tower"]["enum"] == ["Arken", "Holm"]
        assert tool.options.approval == "first time"
        assert tool.options.touches == ("world",)
        done, _ = await call(plugins, "facts_height_of", tmp_path, tower="Arken")
        assert (done.ok, done.result) == (True, "The lighthouse of Arken is 31 m high.")
        done, _ = await call(plugins, "facts_odd_name_with_signs", tmp_path, **{"name": 1, "tool": 2})
        assert done.result == "4"
        done, _ = await call(plugins, "facts_secrets_seen", tmp_path)
        assert done.result == "LOG"


async def test_wrong_arguments_do_not_reach_the_server(home: Path, tmp_path: Path, calls_log: Path) -> None:
    async with open_tools(settings_with(home, facts=LOCAL)) as plugins:
        for wrong in ({"tower": "Babel"}, {}, {"tower": "Holm", "colour": "red"}, {"tower": 3}):
            done, _ = await call(plugins, "facts_height_of", tmp_path, **wrong)
            assert not done.ok
            assert "arguments" in str(done.result)
    assert asked(calls_log) == []


async def test_failures_and_pictures_of_a_server(home: Path, tmp_path: Path) -> None:
    async with open_tools(settings_with(home, facts=LOCAL)) as plugins:
        done, _ = await call(plugins, "facts_broken", tmp_path)
        assert not done.ok
        assert "no such lamp" in str(done.result)
        done, context = await call(plugins, "facts_picture", tmp_path)
        assert "a red dot" in str(done.result)
        assert [(each.kind, each.media_type) for each in context.artifacts] == [("picture", "image/png")]
        assert is_png(context.artifacts[0].path)


async def test_a_server_that_ended_is_started_again_by_the_next_call(home: Path, tmp_path: Path) -> None:
    async with open_tools(settings_with(home, facts=LOCAL)) as plugins:
        done, _ = await call(plugins, "facts_quit_now", tmp_path)
        assert not done.ok
        done, _ = await call(plugins, "facts_height_of", tmp_path, tower="Holm")
        assert done.ok, done.result


async def test_a_server_that_was_killed_between_calls_is_not_noticed(home: Path, tmp_path: Path) -> None:
    trusted = LOCAL.model_copy(update={"touches": ()})  # its tools start no programs; we do, to have it back
    async with open_tools(settings_with(home, facts=trusted)) as plugins:
        for each in psutil.Process().children(recursive=True):
            if str(SERVER) in each.cmdline():
                each.kill()
        await asyncio.sleep(0.2)
        done, _ = await call(plugins, "facts_height_of", tmp_path, tower="Holm")
        assert done.ok, done.result


async def test_a_call_that_takes_too_long_ends_and_the_next_one_works(home: Path, tmp_path: Path) -> None:
    hasty = LOCAL.model_copy(update={"timeout": 1.0})
    async with open_tools(settings_with(home, facts=hasty)) as plugins:
        started = time.monotonic()
        done, _ = await call(plugins, "facts_slow", tmp_path, seconds=60)
        assert not done.ok
        assert time.monotonic() - started < 10
        done, _ = await call(plugins, "facts_height_of", tmp_path, tower="Holm")
        assert done.ok, done.result


async def test_nothing_of_a_server_is_left_at_the_end(home: Path) -> None:
    async with open_tools(settings_with(home, facts=LOCAL)):
        running = [each.pid for each in psutil.Process().children(recursive=True) if str(SERVER) in each.cmdline()]
        assert running
    await asyncio.sleep(0.5)
    assert not [pid for pid in running if psutil.pid_exists(pid)]


async def test_servers_that_cannot_be_had_are_named_and_the_others_work(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_client, "START_SECONDS", 6.0)
    monkeypatch.setattr(mcp_client, "END_SECONDS", 1.0)
    servers = {
        "absent": McpServer(command="no-such-program-at-all"),
        "mute": McpServer(command="sleep", args=("60",)),
        "chatty": McpServer(command="echo", args=("hello",)),
        "closed": McpServer(url="http://127.0.0.1:9/mcp"),
        "secret": McpServer(url="http://127.0.0.1:9/mcp", token_env="NO_SUCH_TOKEN"),
        "facts": LOCAL,
    }
    started = time.monotonic()
    async with open_tools(settings_with(home, **servers)) as plugins:
        assert "facts_height_of" in plugins.toolbox.tools
        broken = {where.removeprefix("MCP server "): why for where, why in plugins.toolbox.broken.items()}
    assert time.monotonic() - started < 25
    assert set(broken) == set(servers) - {"facts"}
    assert "absent: no-such-program-at-all is not installed or not on the PATH;" in broken["absent"]
    assert "6 s" in broken["mute"]
    assert "NO_SUCH_TOKEN is not set" in broken["secret"]
    assert not [why for why in broken.values() if "\n" in why or "TaskGroup" in why]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def program(port: int, *command: str) -> AsyncIterator[None]:
    running = await asyncio.create_subprocess_exec(*command)
    try:
        for _ in range(300):
            if listens(port):
                break
            assert running.returncode is None
            await asyncio.sleep(0.1)
        yield
    finally:
        running.terminate()
        await running.wait()


async def test_a_server_over_http(home: Path, tmp_path: Path) -> None:
    port = free_port()
    async with (
        program(port, sys.executable, str(SERVER), str(port)),
        open_tools(settings_with(home, far=McpServer(url=f"http://127.0.0.1:{port}/mcp"))) as plugins,
    ):
        done, _ = await call(plugins, "far_height_of", tmp_path, tower="Arken")
        assert done.ok, done.result


async def test_two_tools_of_one_name_are_an_error_that_names_both(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "mine.py").write_text(
        'from assistant.plugin import tool\n\n@tool()\ndef facts_height_of(tower: str) -> str:\n    """Guess."""\n'
        "    return tower\n"
    )
    settings = Settings(home=home, tools=ToolSettings(mcp={"facts": LOCAL}, folders=(folder,)))
    async with open_tools(settings) as plugins:
        reasons = " ".join(plugins.toolbox.broken.values())
        assert "mine.py" in reasons
        assert "MCP server facts" in reasons


async def test_a_server_that_means_harm_does_none(home: Path, tmp_path: Path) -> None:
    hostile = McpServer(command=sys.executable, args=(str(SERVER.with_name("hostile_mcp_server.py")),), timeout=20)
    async with open_tools(settings_with(home, bad=hostile, facts=LOCAL)) as plugins:
        toolbox = plugins.toolbox
        assert "facts_height_of" in toolbox.tools
        named = {source.rpartition(" ")[2] for source in toolbox.broken}
        assert named == {"odd_required", "odd_properties", "huge_schema"}
        assert max(len(tool.description) for tool in toolbox.tools.values()) <= 4000
        evil = "a" * 40 + "!"
        async with asyncio.timeout(30):
            for name in ("endless_pattern", "refers_to_itself", "refers_to_a_file", "refers_to_the_network"):
                done, _ = await call(plugins, f"bad_{name}", tmp_path, text=evil)
                assert (done.ok, done.result) == (True, "called"), name
            done, _ = await call(plugins, "bad_endless_names", tmp_path, **{evil: 1})
            assert (done.ok, done.result) == (True, "called")
            done, context = await call(plugins, "bad_no_base64", tmp_path)
            assert (done.result, context.artifacts) == ("[a file that is not in base 64]", [])
            done, _ = await call(plugins, "bad_huge_text", tmp_path)
            assert "more than 200,000 characters" in done.result
            done, _ = await call(plugins, "bad_half_a_character", tmp_path)
            json.dumps(done.result).encode()


async def test_a_conversation_asks_before_a_servers_tool_acts(
    served: Settings, model_server: ScriptedServer, calls_log: Path
) -> None:
    tools = served.tools.model_copy(update={"mcp": {"facts": LOCAL}})
    async with build(served.model_copy(update={"tools": tools})) as assistant:
        model_server.say(Calls([("facts_height_of", {"tower": "Holm"})]))
        *_, end = [event async for event in assistant.stream("How high is Holm?")]
        assert isinstance(end, ApprovalNeeded)
        assert end.requests[0].arguments == {"tower": "Holm"}
        assert asked(calls_log) == []
        model_server.say(Text("Holm is 31 m high."))
        decided = {end.requests[0].id: Decision(approved=True)}
        *events, answer = [event async for event in assistant.resume(end.conversation, decided)]
        assert [event.call.ok for event in events if isinstance(event, ToolFinished)] == [True]
        assert isinstance(answer, Answer)
    assert asked(calls_log) == ["height_of Holm"]


@asynccontextmanager
async def client_of(home: Path, *options: str) -> AsyncIterator[ClientSession]:
    """The official client, connected with ``assistant mcp`` over pipes."""
    program = StdioServerParameters(
        command=sys.executable, args=["-m", "assistant", "mcp", "--home", str(home), *options]
    )
    async with stdio_client(program) as (incoming, outgoing), ClientSession(incoming, outgoing) as session:
        await session.initialize()
        yield session


def text_of(result: Any) -> str:
    return "\n".join(each.text for each in result.content if each.type == "text")


@pytest.fixture
def filled_home(home: Path, documents: Path) -> Path:
    subprocess.run([*ASSISTANT, "index", "add", str(documents), "--home", str(home)], check=True, capture_output=True)
    return home


async def test_our_tools_and_library_are_served_over_pipes(filled_home: Path, tool_folder: Path) -> None:
    home = filled_home
    async with client_of(home, "--tools", str(tool_folder)) as session:
        offered = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert {"calculator", "code_interpreter", "search_documents", "roll_dice"} <= set(offered)
        assert "ctx" not in offered["roll_dice"].inputSchema["properties"]

        done = await session.call_tool("calculator", {"expression": "6*7"})
        assert json.loads(text_of(done))["value"] == "42"
        printed = await session.call_tool("code_interpreter", {"code": "x = 6\nprint('hello', x * 7)"})
        assert "hello 42" in text_of(printed)
        again = await session.call_tool("code_interpreter", {"code": "print(x + 1)"})  # one kernel for one client
        assert "7" in text_of(again)
        found = await session.call_tool("search_documents", {"query": "How long is the notice period?"})
        assert "three months" in text_of(found)

        wrong = await session.call_tool("roll_dice", {"count": "many"})
        assert wrong.isError
        assert "count" in text_of(wrong)
        unknown = await session.call_tool("teleport", {})
        assert unknown.isError
        assert "teleport" in text_of(unknown)

        listed = {str(each.uri): each for each in (await session.list_resources()).resources}
        assert len(listed) == 2
        texts = [(await session.read_resource(AnyUrl(uri))).contents[0].text for uri in listed]
        assert any("Clara Holm" in text for text in texts)
        for uri in ("library://document/999", "file:///etc/passwd"):
            with pytest.raises(McpError):
                await session.read_resource(AnyUrl(uri))


async def test_a_plot_travels_as_a_picture(home: Path) -> None:
    async with client_of(home) as session:
        drawn = await session.call_tool("plot", {"expressions": ["sin(x)"]})
        assert not drawn.isError, text_of(drawn)
        assert "image/png" in [each.mimeType for each in drawn.content if each.type == "image"]


async def test_clients_need_a_rule_for_what_acts_on_the_world(home: Path, mail_tools: Path, tmp_path: Path) -> None:
    async with client_of(home, "--tools", str(mail_tools)) as session:
        refused = await session.call_tool("send_mail", {"to": "a@example.org"})
        assert refused.isError
        assert "not approved" in text_of(refused)
        assert sent(mail_tools) == ""
    policy = tmp_path / "policy.yaml"
    policy.write_text("- {tool: send_mail, arguments: {to: a@example.org}, decide: approve, tainted: true}\n")
    async with client_of(home, "--tools", str(mail_tools), "--policy", str(policy)) as session:
        assert (await session.call_tool("send_mail", {"to": "b@evil.org"})).isError
        assert not (await session.call_tool("send_mail", {"to": "a@example.org"})).isError
    assert sent(mail_tools) == "a@example.org"


@pytest.fixture
def mail_tools(tmp_path: Path) -> Path:
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "mail.py").write_text(
        "from pathlib import Path\nfrom assistant.plugin import tool\n\n"
        '@tool(touches=["network"])\ndef send_mail(to: str) -> str:\n    """Send a mail."""\n'
        '    print("noise on standard output")\n'
        '    Path(__file__).with_name("sent.txt").write_text(to)\n    return "sent"\n'
    )
    return folder


async def test_our_tools_are_served_over_http(home: Path) -> None:
    port = free_port()
    where = f"127.0.0.1:{port}"
    async with program(port, *ASSISTANT, "mcp", "--http", where, "--home", str(home)):
        async with (
            streamable_http_client(f"http://{where}/mcp") as (incoming, outgoing, _),
            ClientSession(incoming, outgoing) as session,
        ):
            await session.initialize()
            done = await session.call_tool("calculator", {"expression": "2^10"})
            assert json.loads(text_of(done))["value"] == "1024"
        async with httpx2.AsyncClient() as browser:  # a page of another site that resolves to this machine
            answer = await browser.post(
                f"http://{where}/mcp", headers={"Host": "evil.example", "Accept": "application/json"}, json={}
            )
            assert answer.status_code == 421


@pytest.mark.parametrize("address", ["8765", "here", "127.0.0.1:", ":80"])
def test_a_wrong_address_is_one_line(home: Path, address: str) -> None:
    done = subprocess.run(
        [*ASSISTANT, "mcp", "--http", address, "--home", str(home)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "HOST:PORT" in done.stderr
