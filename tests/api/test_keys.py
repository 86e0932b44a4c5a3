"""Who may call."""

import asyncio
import sqlite3
from pathlib import Path

import httpx
import pytest

from assistant.api.keys import FILE, Keys, Scope, present
from assistant.api.serve import open_keys
from assistant.errors import AccountError, SettingsError
from assistant.records import Place
from assistant.settings import LimitSettings, Settings
from tests.api.conftest import served
from tests.assistant.test_cli import assistant

JSON = {"content-type": "application/json"}


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def add(keys: Keys, name: str, *scopes: Scope) -> str:
    return keys.add(name, frozenset(scopes))


async def test_a_key_opens_what_its_scopes_say(settings: Settings, home: Path) -> None:
    with Keys(home) as keys:
        asker, watcher = add(keys, "asker", "ask"), add(keys, "watcher", "watch")
        async with served(settings, keys=keys) as url, httpx.AsyncClient(base_url=url) as client:
            assert (await client.get("/v1/models")).status_code == 401
            assert (await client.get("/v1/models", headers=bearer("sk-wrong"))).status_code == 401
            assert (await client.get("/v1/models", headers=bearer(asker))).status_code == 200
            refused = await client.get("/v1/models", headers=bearer(watcher))
            assert (refused.status_code, refused.json()["error"]["type"]) == (403, "permission_error")
            assert (await client.get("/v1/libraries", headers=bearer(asker))).status_code == 403
            shown = await client.get("/metrics", headers=bearer(watcher))
            assert 'assistant_requests_total{method="GET",route="none",status="401"} 2.0' in shown.text
            assert (await client.get("/healthz")).json() == {"status": "ok"}
            keys.remove("asker")
            assert (await client.get("/v1/models", headers=bearer(asker))).status_code == 401


async def test_the_key_is_asked_for_before_anything_is_read(settings: Settings, home: Path) -> None:
    with Keys(home) as keys:
        add(keys, "one", "ask")
        async with served(settings, keys=keys) as url, httpx.AsyncClient(base_url=url) as client:
            bad = await client.post("/v1/chat/completions", content=b"{bad", headers=JSON)
            assert (bad.status_code, bad.json()["error"]["code"]) == (401, "invalid_api_key")
            assert (await client.get("/v1/nothing")).status_code == 401
            # The answer comes although nothing of what was announced is ever sent.
            reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
            writer.write(b"POST /v1/files HTTP/1.1\r\nhost: localhost\r\ncontent-length: 190000000\r\n\r\n")
            assert b"401" in await reader.readline()
            writer.close()


async def test_a_server_begun_without_keys_asks_for_them_as_soon_as_there_are(settings: Settings, home: Path) -> None:
    async with served(settings) as url, httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/v1/models")).status_code == 200
        with Keys(home) as keys:
            key = bearer(add(keys, "one", "ask"))
        async with asyncio.timeout(60):
            while (await client.get("/v1/models")).status_code == 200:  # noqa: ASYNC110 — only asking tells
                await asyncio.sleep(0.1)
        assert (await client.get("/v1/models")).status_code == 401
        assert (await client.get("/v1/models", headers=key)).status_code == 200


async def test_keys_that_cannot_be_read_let_nobody_in(settings: Settings, home: Path) -> None:
    with Keys(home) as keys:
        key = bearer(add(keys, "one", "ask"))
        async with served(settings, keys=keys) as url, httpx.AsyncClient(base_url=url) as client:
            keys.close()
            answer = await client.get("/v1/models", headers=key)
    assert (answer.status_code, "keys cannot be read" in answer.json()["error"]["message"]) == (503, True)


async def test_conversations_belong_to_their_key(settings: Settings, home: Path) -> None:
    with Keys(home) as keys:
        one, other = bearer(add(keys, "one", "ask")), bearer(add(keys, "other", "ask"))
        async with served(settings, keys=keys) as url, httpx.AsyncClient(base_url=url) as client:
            body = {"messages": [{"role": "user", "content": "Hello!"}]}
            said = (await client.post("/v1/chat/completions", json=body, headers=one)).json()
            own = f"/v1/conversations/{said['evidence']['conversation']}"
            assert (await client.get(own, headers=one)).json()["turns"][0]["question"] == "Hello!"
            for each in ("GET", "DELETE"):
                assert (await client.request(each, own, headers=other)).status_code == 404
            assert (await client.get("/v1/conversations", headers=other)).json()["data"] == []
            more = (await client.post("/v1/chat/completions", json=body, headers=one)).json()["evidence"][
                "conversation"
            ]
            newest = (await client.get("/v1/conversations?limit=1", headers=one)).json()
            assert ([each["id"] for each in newest["data"]], newest["has_more"]) == ([more], True)
            rest = (await client.get(f"/v1/conversations?limit=1&after={more}", headers=one)).json()
            assert ([own.endswith(each["id"]) for each in rest["data"]], rest["has_more"]) == ([True], False)
            assert (await client.get(f"/v1/conversations?after={more}", headers=other)).status_code == 404
            assert (await client.delete(own, headers=one)).json()["deleted"]
            assert (await client.get(own, headers=one)).status_code == 404


async def test_a_key_may_ask_only_so_often(settings: Settings, home: Path) -> None:
    slow = settings.model_copy(update={"limits": LimitSettings(requests=4)})
    with Keys(home) as keys:
        key = bearer(add(keys, "one", "ask"))
        async with served(slow, keys=keys) as url, httpx.AsyncClient(base_url=url) as client:
            answers = [await client.get("/v1/models", headers=key) for _ in range(4)]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    assert (answers[-1].status_code, answers[-1].json()["error"]["type"]) == (429, "rate_limit_error")
    assert int(answers[-1].headers["retry-after"]) >= 1


async def test_wrong_keys_are_slowed_and_right_ones_are_not(settings: Settings, home: Path) -> None:
    with Keys(home) as keys:
        key = bearer(add(keys, "one", "ask"))
        async with served(settings, keys=keys) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
            async with asyncio.timeout(60):
                while (wrong := await client.get("/v1/models", headers=bearer("sk-wrong"))).status_code == 401:
                    pass
            assert (wrong.status_code, "wrong keys" in wrong.json()["error"]["message"]) == (429, True)
            assert int(wrong.headers["retry-after"]) >= 1
            assert (await client.get("/v1/models", headers=key)).status_code == 200


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "x" * 101])
def test_a_key_needs_a_name(home: Path, name: str) -> None:
    with Keys(home) as keys:
        with pytest.raises(AccountError, match="on one line"):
            add(keys, name, "ask")
        assert keys.all() == []


def test_a_key_is_one_of_its_name_and_goes(place: Place) -> None:
    with Keys(place) as keys, Keys(place) as other:
        assert not present(place)
        secret = add(keys, "one", "ask", "read")
        assert present(place)
        with pytest.raises(AccountError, match="There is a key 'one' already"):
            add(other, "one", "ask")
        found = other.of(secret)
        assert found
        assert (found.name, found.scopes, other.all()) == ("one", {"ask", "read"}, [found])
        other.remove("one")
        assert keys.of(secret) is None


def test_only_hashes_are_kept(home: Path) -> None:
    with Keys(home) as keys:
        secret = add(keys, "one", "ask")
        with pytest.raises(AccountError, match="There is a key 'one' already"):
            add(keys, "one", "ask")
        with pytest.raises(AccountError, match="There is no key 'two'"):
            keys.remove("two")
    assert secret not in str(sqlite3.connect(home / FILE).execute("SELECT * FROM keys").fetchall())


def test_without_keys_only_this_machine_is_served(home: Path, settings: Settings) -> None:
    assert open_keys(settings, "127.0.0.1") is None
    with pytest.raises(SettingsError, match="assistant keys add"):
        open_keys(settings, "0.0.0.0")


def test_the_commands(home: Path) -> None:
    secret = assistant(home, "keys", "add", "nightly", "--scope", "ask").stdout.strip()
    assert secret.startswith("sk-assistant-")
    listed = assistant(home, "keys", "list").stdout
    assert "nightly" in listed
    assert secret not in listed
    assert assistant(home, "keys", "remove", "nightly").stdout == "removed nightly\n"
    assert "There is no key 'nightly'" in assistant(home, "keys", "remove", "nightly", ok=False).stderr
