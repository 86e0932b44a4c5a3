"""What has worked against Gradio, kotaemon, Open WebUI and their like, tried against the real server.

Each test names the hole that it stands for: a CVE, or the class that it belongs to.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiosqlite
import gradio as gr
import httpx
import pytest
from fastapi import FastAPI

from assistant.web import gate
from bench.page_client import API, Tab
from tests.scripted_server import Calls, ScriptedServer, SlowText, Text
from tests.ui.browser import serving
from tests.ui.people import PASSWORD, enrol

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("attacks")]

TOOL = '''
from assistant.plugin import Context, tool

@tool()
def draw(ctx: Context) -> str:
    """Draw a picture."""
    ctx.save("page.svg", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    ctx.save("page.html", "<script>alert(1)</script>")
    (ctx.folder / "link.png").symlink_to("/etc/passwd")
    return "drawn"

@tool(touches=["world"])
def send(text: str) -> str:
    """Send a text."""
    return "sent " + text
'''
SLOW = "word " * 60


@dataclass(frozen=True)
class Served:
    url: str
    home: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    """A page for three people whose model does what the question says."""
    place = tmp_path_factory.mktemp("attacks")
    (place / "tools").mkdir()
    (place / "tools" / "draw.py").write_text(TOOL)
    enrol(place / "home")
    with ScriptedServer() as model:
        model.always(_script)
        config = json.dumps(
            {
                "engine": {"url": model.url, "model": "scripted"},
                "page": {"max_upload_mb": 2},
                "accounts": {"proxies": ["127.0.0.9"]},
                "limits": {"questions": 6000},
            }
        )
        with serving(place / "home", config, "--tools", str(place / "tools")) as url:
            yield Served(url, place / "home")


def _script(body):
    last = body["messages"][-1]
    if last["role"] == "tool":
        return Text(f"The tool says: {last['content'][:200]}")
    if "draw" in last["content"]:
        return Calls((("draw", {}),))
    if "send" in last["content"]:
        return Calls((("send", {"text": "x"}),))
    if "slow" in last["content"]:
        return SlowText(SLOW, 0.05)
    return Text(f"You said {last['content'][:50]}")


@asynccontextmanager
async def browser(served: Served, name: str = "", **options) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, timeout=60, **options) as client:
        if name:
            answer = await client.post("/signin", data={"name": name, "password": f"{PASSWORD} {name}"})
            assert answer.status_code == 303, answer.text
        yield client


@asynccontextmanager
async def tab(served: Served, name: str) -> AsyncIterator[Tab]:
    async with browser(served, name) as client:
        yield await Tab.opened(client)


async def ask(tab: Tab, question: str) -> str:
    """What the page is sent in answer."""
    return json.dumps(await tab.run(tab.layout.event("ask", "submit"), [question, None, None]))


async def conversation(tab: Tab, question: str) -> str:
    return re.findall(r'data-id=\\"([0-9a-f]{32})', await ask(tab, question))[0]


async def upload(client: httpx.AsyncClient, name: str, content: bytes) -> str:
    answer = await client.post(f"{API}/upload", files={"files": (name, content)})
    assert answer.status_code == 200, answer.text
    return answer.json()[0]


def routes() -> list[tuple[str, str]]:
    """Every route of Gradio's with something in the place of its parameters."""
    with gr.Blocks() as page:
        gr.Textbox()
    application = gr.mount_gradio_app(FastAPI(), page, path="/")
    found = []
    pending = list(application.routes[-1].app.routes)
    while pending:
        route = pending.pop()
        pending += getattr(getattr(route, "original_router", None), "routes", [])
        if path := getattr(route, "path", ""):
            found += [(method, path) for method in getattr(route, "methods", None) or ["GET"]]
    return sorted({(method, re.sub(r"{[^}]+}", "1", path)) for method, path in found})


async def test_no_route_of_gradios_answers_who_is_not_signed_in(served):
    paths = routes()
    assert len(paths) > 50
    async with browser(served) as nobody:
        for method, path in paths:
            answer = await nobody.request(method, path)
            if path in ("/", "/favicon.ico"):
                continue
            assert answer.status_code in (401, 404), (method, path, answer.status_code)


async def test_only_the_routes_that_the_page_uses_answer_at_all(served):
    """Missing authorization on what is for developers or programs: vibe-edit, monitoring, proxy=, deep_link, call."""
    async with browser(served, "anna") as anna:
        for method, path in routes():
            bare = path.removeprefix(API)
            if method == "HEAD" or gate.GET.fullmatch(path) or re.match(r"/(file=|queue|upload|heartbeat|comp)", bare):
                continue
            answer = await anna.request(method, path, json={} if method == "POST" else None)
            assert answer.status_code == 404, (method, path, answer.status_code)


FILES = ("/etc/passwd", "//etc/passwd", "/proc/self/environ", "{home}/accounts.sqlite", "{home}/conversations.sqlite")
TRICKS = ("{}", "..{}", "/../../../../../../..{}", "%2e%2e{}", "file://{}", "FILE://{}", "./{}", "\\..\\{}", "C:{}")


async def test_no_file_of_the_machine_is_read_by_its_path(served):
    """CVE-2023-51449, CVE-2024-1561, CVE-2024-34510; kotaemon's and Langchain-Chatchat's path traversal."""
    async with browser(served, "ben") as ben:
        for name in FILES:
            for trick in TRICKS:
                path = trick.format(name.format(home=served.home))
                for prefix in (
                    f"{API}/file=",
                    f"{API}/file/",
                    "/file=",
                    "/files/x/",
                    "/static/",
                    "/assets/",
                    "/svelte/",
                ):
                    answer = await ben.get(prefix + path)
                    assert answer.status_code in (400, 403, 404, 500), (prefix, path)
                    assert "root:" not in answer.text
                    assert "SQLite format" not in answer.text


async def test_no_address_is_fetched(served):
    """Server-side request forgery by /file=, /proxy= and FileData.url (CVE-2024-1183, CVE-2024-47167, 2026-28416)."""
    asked = []

    async def listen(reader, writer):
        asked.append(await reader.readline())
        writer.close()

    listener = await asyncio.start_server(listen, "127.0.0.1", 0)
    trap = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/x.md"
    async with listener, tab(served, "ben") as ben:
        for path in (f"/file={trap}", f"/proxy={trap}", f"/file=HTTP:{trap[5:]}", f"/file=/{trap}"):
            assert (await ben.client.get(API + path)).status_code in (403, 404)
        mine = await upload(ben.client, "x.md", b"# mine")
        for value in (
            {"path": trap, "meta": {"_type": "gradio.FileData"}},
            {"path": mine, "url": trap, "meta": {"_type": "gradio.FileData"}},
        ):
            await ben.send(ben.layout.event("upload", "arrive"), [None, None], {"files": [value]})
    assert asked == []


async def test_events_take_no_file_but_ones_own_upload(served):
    """FileData with a path of the server or of another person (CVE-2024-51751, CVE-2026-45402)."""
    async with tab(served, "anna") as anna, tab(served, "ben") as ben:
        theirs = await upload(anna.client, "secret.md", b"# The secret of Wolkenstein")
        for path in ("/etc/passwd", theirs, f"{theirs}/../secret.md", str(served.home / "config.yaml")):
            for value in (
                {"path": path},
                {"path": path, "meta": {"_type": "gradio.FileData"}},
                [{"deep": [{"path": path}]}],
            ):
                answer = await ben.send(ben.layout.event("upload", "arrive"), [None, None], {"files": [value]})
                assert answer.status_code == 400
                assert "not uploaded by you" in answer.json()["error"]


async def test_uploads_are_their_owners_and_come_back_as_downloads(served):
    """Reading another's file by its id; stored scripts in HTML, SVG and file names (CVE-2024-47872, CVE-2024-7990)."""
    async with browser(served, "anna") as anna, browser(served, "ben") as ben:
        for name in ("a.html", "a.svg", "a.xml", "<img src=x onerror=alert(1)>.html", "a.png"):
            path = await upload(anna, name, b"<script>alert(1)</script>")
            assert "<" not in Path(path).name
            mine = await anna.get(f"{API}/file={path}")
            assert mine.headers["x-content-type-options"] == "nosniff"
            if not name.endswith(".png"):
                assert mine.headers["content-disposition"].startswith("attachment")
                assert "html" not in mine.headers["content-type"]
            folder, file = path.rsplit("/", 1)
            for theirs in (path, f"{folder}/./{file}", f"{folder}/../{folder.rsplit('/', 1)[1]}/{file}", f"/{path}"):
                assert (await ben.get(f"{API}/file={theirs}")).status_code in (403, 404), theirs


async def test_the_cookie_does_not_come_back_in_an_answer(served):
    """Gradio echoes a request's headers with a part of a file, out of HttpOnly's reach."""
    async with browser(served, "anna") as anna:
        path = await upload(anna, "part.png", b"0123456789")
        part = await anna.get(f"{API}/file={path}", headers={"Range": "bytes=0-3", "Authorization": "Bearer x"})
        assert part.status_code == 206
        assert "cookie" not in part.headers
        assert "authorization" not in part.headers


async def test_files_of_answers_are_for_the_owner_of_the_conversation(served):
    """Insecure direct object references to artifacts; a link that leads out of the folder; an SVG with a script."""
    async with tab(served, "anna") as anna, tab(served, "ben") as ben:
        key = await conversation(anna, "draw")
        for name in ("page.svg", "page.html"):
            mine = await anna.client.get(f"/files/{key}/{name}")
            assert mine.status_code == 200
            assert mine.headers["content-disposition"].startswith("attachment")
            assert mine.headers["content-type"] == "application/octet-stream"
            assert (await ben.client.get(f"/files/{key}/{name}")).status_code == 404
        for name in (
            "link.png",
            "../../accounts.sqlite",
            "%2e%2e/%2e%2e/accounts.sqlite",
            "..%2f..%2faccounts.sqlite",
            "a%00b",
            "x" * 5000,
        ):
            assert (await anna.client.get(f"/files/{key}/{name}")).status_code in (401, 404), name
        assert (await ben.client.get("/files/uploads/x")).status_code == 404


async def test_a_conversation_is_not_opened_gone_on_with_decided_or_deleted_by_its_id(served):
    """CVE-2024-7048, CVE-2026-45349, CVE-2026-45671."""
    async with tab(served, "anna") as anna, tab(served, "ben") as ben:
        key = await conversation(anna, "the secret is Rumpelstilzchen")
        for action in ("open", "delete", "rename", "", None):
            event = ben.layout.event("history", "act")
            said = json.dumps(await ben.run(event, [None, None], {"id": key, "action": action}))
            assert "Rumpelstilzchen" not in said
        decide = ben.layout.event("approval", "decide")
        said = json.dumps(await ben.run(decide, [None, None], {"conversation": key, "key": "x", "decisions": []}))
        assert "Rumpelstilzchen" not in said
        assert "Rumpelstilzchen" in json.dumps(
            await anna.run(anna.layout.event("history", "act"), [None, None], {"id": key, "action": "open"})
        )


async def test_a_session_of_the_page_belongs_to_who_began_it(served):
    """Another's session hash or event id: no message, no state, no end of a running answer."""
    async with tab(served, "anna") as anna, tab(served, "ben") as ben:
        await ask(anna, "the secret is Rapunzel")
        running = asyncio.create_task(ask(anna, "a slow one"))
        await asyncio.sleep(0.5)
        ben.hash = anna.hash
        messages = asyncio.create_task(_collected(ben))
        await asyncio.wait([messages], timeout=1)
        said = json.dumps(
            await ben.run(ben.layout.event("history", "act"), [None, None], {"id": "x", "action": "open"})
        )
        stop = ben.layout.event("ask", "stop")
        await ben.run(stop, [None, None])
        for path, body in (
            ("/cancel", {"session_hash": anna.hash, "fn_index": 0, "event_id": "x"}),
            ("/call/ask", {"data": []}),
            ("/run/predict", {"data": [], "session_hash": anna.hash}),
        ):
            assert (await ben.client.post(API + path, json=body)).status_code == 404
        async with ben.client.stream("GET", f"{API}/heartbeat/{anna.hash}") as beat:
            assert beat.status_code == 200
        whole = await running
        messages.cancel()
        assert "Rapunzel" not in said
        assert SLOW.strip() in whole


async def _collected(tab: Tab) -> list[object]:
    return [message async for message in tab.messages()]


@pytest.mark.parametrize("hash_", [None, "", 7, "a/b", "../x", "a" * 100, {"a": 1}, "é"])
async def test_a_session_that_the_page_could_not_name_is_refused(served, hash_):
    async with tab(served, "ben") as ben:
        event = ben.layout.event("ask", "submit")["id"]
        body = {"fn_index": event, "data": ["x", None, None], "session_hash": hash_}
        assert (await ben.client.post(f"{API}/queue/join", json=body)).status_code == 400


async def test_made_up_events_are_refused_and_disturb_nobody(served):
    """Every event of the page with data that it would never send: one answer each, and the page goes on."""
    strange = [None, 7, "x" * 1000, [], {}, [[[]]], {"id": {"a": 1}}, True, ["../x"], {"a": None}]
    async with tab(served, "ben") as ben:
        for event in ben.layout.config["dependencies"]:
            for value in strange:
                answer = await ben.send(event, [value] * len(event["inputs"]), {"id": value, "action": value})
                assert answer.status_code in (200, 400, 429), answer.text
                if answer.status_code == 200:
                    said = json.dumps([m async for m in ben.messages()])
                    assert "Traceback" not in said
                    assert ".sqlite" not in said
        for body in (b"", b"[]", b"{", b'"x"', b"{}", b'{"data": ' + b"[" * 5000 + b"]" * 5000 + b"}"):
            answer = await ben.client.post(f"{API}/queue/join", content=body)
            assert answer.status_code == 400
        for number in (-1, 9999, "x", None, 1.5, True):
            body = {"fn_index": number, "data": [], "session_hash": ben.hash}
            answer = await ben.client.post(f"{API}/queue/join", json=body)
            assert answer.status_code == 400
            assert "Traceback" not in answer.text
    async with tab(served, "anna") as anna:
        assert "You said hello" in await ask(anna, "hello")


async def test_a_form_is_not_read_in_another_way_than_it_was_checked(served):
    """component_server reads forms too: the gate passes on JSON alone. CVE-2024-1561 called any method by its name."""
    async with tab(served, "ben") as ben:
        card = ben.layout.component("approval")
        for name in ("move_resource_to_block_cache", "__init__", "postprocess", "check"):
            body = {"data": "/etc/passwd", "component_id": card, "fn_name": name, "session_hash": ben.hash}
            answer = await ben.client.post(f"{API}/component_server", json=body)
            assert "passwd" not in answer.text
            assert answer.status_code == (404 if name != "check" else 500), name
        form = await ben.client.post(f"{API}/component_server", data={"fn_name": "check", "session_hash": "anna"})
        assert form.status_code == 400


async def test_a_viewer_changes_nothing(served):
    async with tab(served, "vera") as vera:
        refused = await vera.client.post(f"{API}/upload", files={"files": ("x.md", b"# x")})
        assert refused.status_code == 403
        assert "You said hello" in await ask(vera, "hello")
        assert "sent x" not in await ask(vera, "send")
        decide = vera.layout.event("approval", "decide")
        assert "may not do this" in json.dumps(await vera.run(decide, [None, None], {}))


async def test_other_websites_can_send_nothing(served):
    """Cross-site request forgery, of signing in too."""
    async with browser(served, "ben") as ben:
        for headers in (
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            for path in (f"{API}/queue/join", f"{API}/upload", "/signin", "/signout"):
                assert (await ben.post(path, headers=headers, content=b"{}")).status_code == 403, (path, headers)
        assert (await ben.get("/config")).status_code == 200
        assert (await ben.post(f"{API}/queue/join", headers={"Origin": served.url}, content=b"{}")).status_code == 400
        assert (
            "access-control-allow-origin"
            not in (await ben.get("/config", headers={"Origin": "http://evil.example"})).headers
        )


async def test_a_cookie_is_out_of_reach_and_signing_out_ends_the_session(served):
    async with browser(served) as ben:
        answer = await ben.post("/signin", data={"name": "ben", "password": f"{PASSWORD} ben"})
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie
        stolen = cookie.partition(";")[0]
        assert (await ben.post("/signout")).status_code == 303
        async with httpx.AsyncClient(base_url=served.url, headers={"cookie": stolen}) as thief:
            assert (await thief.get("/config")).status_code == 401


async def test_nobody_says_of_themselves_who_they_are(served):
    """A trusted header from whom nobody trusts; a token or a user name in an event."""
    headers = {
        "X-Forwarded-User": "anna",
        "X-Forwarded-For": "127.0.0.9",
        "X-Real-IP": "127.0.0.9",
        "Remote-User": "anna",
    }
    async with browser(served, headers=headers) as nobody:
        assert (await nobody.get("/config")).status_code == 401
    async with tab(served, "ben") as ben, tab(served, "anna") as anna:
        await ask(anna, "the secret is Dornröschen")
        for token in ("anna", "a" * 43, None):
            said = json.dumps(await ben.run(ben.layout.event("ask", "submit"), ["hello", token, {"owner": "anna"}]))
            assert "Dornröschen" not in said


async def test_an_upload_that_is_too_large_is_refused_before_it_is_read(served):
    async with browser(served, "ben") as ben:
        answer = await ben.post(f"{API}/upload", files={"files": ("x.bin", b"x" * 3_000_000)})
        assert (answer.status_code, answer.json()["error"]) == (413, "The files are larger than 2 MB.")
        huge = {"fn_index": 1, "data": ["x" * 17_000_000], "session_hash": "a"}
        answer = await ben.post(f"{API}/queue/join", json=huge)
        assert answer.status_code == 413
        assert "more than 16 MB" in answer.json()["error"]


async def test_a_paste_of_ten_megabytes_is_told_in_the_page(served):
    async with tab(served, "ben") as ben:
        said = await ask(ben, "x" * 10_000_000)
        assert "10,000,000 characters" in said
        assert len(said) < 100_000


async def test_the_admin_pages_events_are_refused_to_others(served):
    """Open WebUI's endpoints of the admin without a check of the role."""
    async with tab(served, "ben") as ben, tab(served, "anna") as anna:
        event = ben.layout.event
        for what, data, about in (
            (event("admin-save", "click"), ["ben", "admin", ""], None),
            (event("admin-people", "act"), [], {"action": "remove", "id": "anna"}),
            (event("admin-refresh", "click"), [], None),
        ):
            said = json.dumps(await ben.run(what, data, about))
            assert "may not do this" in said
            assert "anna" not in said
        assert "built-in" not in json.dumps(ben.layout.config["components"])
        shown = json.dumps(await anna.run(event("admin-refresh", "click"), []))
        assert "vera" in shown
        assert '"ben"' in re.sub(r"\\", "", shown)


async def test_a_password_guessed_a_hundred_times_locks_out_the_guesser_alone(served):
    async with browser(served) as guesser, browser(served) as other:
        began, codes = time.monotonic(), []
        for number in range(100):
            answer = await guesser.post("/signin", data={"name": "anna", "password": f"guess {number}"})
            codes.append(answer.status_code)
            if number == 50:
                answer = await other.post("/signin", data={"name": "ben", "password": f"{PASSWORD} ben"})
                assert answer.status_code == 303
        assert time.monotonic() - began < 20
        assert codes[:3] == [403, 403, 403]
        assert codes[10:] == [429] * 90
        right = await guesser.post("/signin", data={"name": "anna", "password": f"{PASSWORD} anna"})
        assert right.status_code == 429
        assert "retry-after" in right.headers
        assert "others can sign in meanwhile" in right.text


async def test_a_shared_link_shows_one_conversation_and_leads_to_nothing_else(served):
    """Shared chats of Open WebUI and LibreChat: guessed ids, links that outlive their owner, stored scripts."""
    async with tab(served, "ben") as ben, tab(served, "vera") as vera, browser(served) as nobody:
        key = await conversation(ben, "draw it, <script>alert(1)</script>")
        turn = await _turn(served, key)
        act = ben.layout.event("draft", "act")
        told = json.dumps(await ben.run(act, [None, None], {"deed": "link", "turn": turn, "text": "1"}))
        link = re.findall(r"/shared/[\w-]{43}", told)[0]
        page = await nobody.get(link)
        assert page.status_code == 200
        assert "&lt;script&gt;" in page.text
        assert "<script" not in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert "sandbox" in page.headers["content-security-policy"]
        assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert link.encode().rpartition(b"/")[2] not in (served.home / "conversations.sqlite").read_bytes()
        for path in (f"{link}/", f"{link}x", f"{link}/../../config", f"/shared/{key}", "/shared/", f"/files/{key}/x"):
            assert (await nobody.get(path)).status_code in (401, 404), path
        # Neither somebody else nor a viewer makes or withdraws it.
        await vera.run(act, [None, None], {"deed": "unlink", "turn": turn})
        hers = await conversation(vera, "hello")
        mine = {"deed": "link", "turn": await _turn(served, hers), "text": ""}
        assert "/shared/" not in json.dumps(await vera.run(act, [None, None], mine))
        assert (await nobody.get(link)).status_code == 200
        await ben.run(act, [None, None], {"deed": "unlink", "turn": turn})
        assert (await nobody.get(link)).status_code == 404


async def _turn(served: Served, key: str) -> str:
    async with aiosqlite.connect(served.home / "conversations.sqlite") as log:
        rows = await log.execute_fetchall("SELECT max(id) FROM turns WHERE conversation = ?", (key,))
        return str(next(iter(rows))[0])
