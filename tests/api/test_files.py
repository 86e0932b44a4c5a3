"""Files by the official client, and questions that name them."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from assistant.api.keys import Keys
from assistant.settings import ArtifactSettings, DatabaseSettings, LimitSettings, PageSettings, Settings
from tests.api.conftest import served
from tests.api.test_chat import asked
from tests.replies import Text
from tests.s3_server import CREDENTIALS, s3_server
from tests.scripted_server import ScriptedServer

CLUB = b"# Zeppelin club\n\nThe zeppelin club meets on the second Tuesday of the month.\n"
QUESTION = "When does the zeppelin club meet?"


FOR_QUESTIONS = {"purpose": "user_data"}


def about(*parts: dict[str, Any], question: str = QUESTION) -> list[Any]:
    return [{"role": "user", "content": [*parts, {"type": "text", "text": question}]}]


def named(id: str) -> dict[str, Any]:
    return {"type": "file", "file": {"file_id": id}}


async def test_files_are_sent_listed_read_and_deleted(settings: Settings) -> None:
    async with served(settings) as url, asked(url) as client:
        sent = await client.files.create(file=("club.md", CLUB), purpose="user_data")
        assert (sent.filename, sent.bytes, sent.purpose) == ("club.md", len(CLUB), "user_data")
        assert await client.files.retrieve(sent.id) == sent
        assert (await client.files.content(sent.id)).content == CLUB
        second = await client.files.create(
            file=("second.md", b"2"), purpose="assistants", expires_after={"anchor": "created_at", "seconds": 3600}
        )
        assert second.expires_at == second.created_at + 3600
        assert [each.id async for each in client.files.list(limit=1)] == [second.id, sent.id]
        first = await client.files.list(limit=1, order="asc")
        assert (first.data, first.has_more) == ([sent], True)
        assert [each.id async for each in client.files.list(purpose="assistants")] == [second.id]
        assert (await client.files.delete(sent.id)).deleted
        for gone in (client.files.retrieve, client.files.content, client.files.delete):
            with pytest.raises(openai.NotFoundError, match="There is no file"):
                await gone(sent.id)
        with pytest.raises(openai.NotFoundError, match="There is no file"):
            await client.files.list(after=sent.id)


async def test_a_question_is_answered_from_the_files_that_it_names(settings: Settings, documents: Path) -> None:
    async with served(settings, documents) as url, asked(url) as client:
        sent = await client.files.create(file=("club.md", CLUB), purpose="user_data")
        answer = await client.chat.completions.create(model="assistant", messages=about(named(sent.id)))
        assert "Tuesday of the month" in (answer.choices[0].message.content or "")
        evidence: dict[str, Any] = (answer.model_extra or {})["evidence"]
        assert evidence["citations"][0]["quote"].startswith("The zeppelin club meets")
        await client.files.delete(sent.id)
        more = await client.chat.completions.create(
            model="assistant",
            messages=[{"role": "user", "content": "On which Tuesday does the zeppelin club meet?"}],
            extra_body={"conversation": evidence["conversation"]},
        )
        assert "Tuesday of the month" in (more.choices[0].message.content or "")
        other = await client.chat.completions.create(
            model="assistant", messages=[{"role": "user", "content": "How long is the notice period?"}]
        )
        assert "three months" in (other.choices[0].message.content or "")


async def test_a_file_comes_within_a_question_and_later_into_a_conversation(settings: Settings) -> None:
    data = base64.b64encode(CLUB).decode()
    inline: Any = {"type": "file", "file": {"file_data": f"data:text/markdown;base64,{data}", "filename": "club.md"}}
    async with served(settings) as url, asked(url) as client:
        answer = await client.chat.completions.create(model="assistant", messages=about(inline))
        assert "Tuesday of the month" in (answer.choices[0].message.content or "")
        first = await client.responses.create(model="assistant", input="Hello!")
        newer: Any = [
            {
                "role": "user",
                "content": [
                    {"type": "input_file", "file_data": data, "filename": "club.md"},
                    {"type": "input_text", "text": QUESTION},
                ],
            }
        ]
        response = await client.responses.create(input=newer, previous_response_id=first.id)
        assert response.previous_response_id == first.id
        assert "Tuesday of the month" in response.output_text


async def test_a_language_model_is_told_the_files_names(scripted: Settings, model_server: ScriptedServer) -> None:
    model_server.always(Text("Hello there to you."))
    async with served(scripted) as url, asked(url) as client:
        sent = await client.files.create(file=("club.md", CLUB), purpose="user_data")
        content: Any = [{"type": "input_file", "file_id": sent.id}, {"type": "input_text", "text": QUESTION}]
        stream = await client.responses.create(input=[{"role": "user", "content": content}], stream=True)
        assert [event.type async for event in stream][-1] == "response.completed"
    assert f"{QUESTION}\n\n(About: club.md)" in str(model_server.requests[-1].messages[-1]["content"])


@pytest.mark.parametrize(
    ("part", "status", "told"),
    [
        (named("file-none"), 404, "There is no file 'file-none'"),
        ({"type": "file"}, 400, "file_id or file_data"),
        ({"type": "input_file", "file_url": "http://elsewhere.example/x.pdf"}, 400, "No addresses are fetched"),
        ({"type": "file", "file": {"file_data": "not base64!"}}, 400, "must be base64"),
        ({"type": "file", "file": {"file_data": "AAAA", "filename": "film.mp4"}}, 400, "film.mp4"),
        ({"type": "image_url", "image_url": {"url": "x"}}, 400, "texts and files"),
    ],
)
async def test_a_file_that_cannot_be_used_is_told_and_no_conversation_is_begun(
    settings: Settings, part: dict[str, Any], status: int, told: str
) -> None:
    async with served(settings) as url, httpx.AsyncClient(base_url=f"{url}/v1") as client:
        refused = await client.post("/chat/completions", json={"messages": about(part)})
        assert (refused.status_code, told in refused.json()["error"]["message"]) == (status, True)
        assert (await client.get("/conversations")).json()["data"] == []
    assert list((settings.home / "attached").glob("*")) == []


async def test_what_cannot_be_taken_is_told(settings: Settings) -> None:
    small = settings.model_copy(update={"page": PageSettings(max_upload_mb=1), "limits": LimitSettings(upload_files=2)})
    async with served(small) as url, httpx.AsyncClient(base_url=f"{url}/v1") as client:

        async def send(content: bytes = b"x", fields: Mapping[str, str] = FOR_QUESTIONS) -> tuple[int, str]:
            answer = await client.post("/files", files={"file": ("a.md", content)}, data={**fields})
            return answer.status_code, "" if answer.is_success else answer.json()["error"]["message"]

        assert await send(b"") == (400, "The file is empty.")
        assert (await send(b"x" * 1_050_000)) == (413, "A file may have 1 MB.")
        assert (await send(b"x" * 2_000_000)) == (413, "A request may have 1 MB.")
        assert "'vision'" in (await send(fields={"purpose": "batch"}))[1]
        assert "colour" in (await send(fields={"purpose": "vision", "colour": "red"}))[1]
        assert (await send(fields={"purpose": "vision", "expires_after[seconds]": "5"}))[0] == 400
        assert [(await send())[0] for _ in range(3)] == [200, 200, 429]
        assert (await client.post("/files", json={"purpose": "user_data"})).status_code == 400
        assert (await client.post("/files", data={"purpose": "user_data", "file": "text"})).status_code == 400


async def test_a_file_is_for_its_key_alone(settings: Settings, home: Path) -> None:
    with Keys(home) as keys:
        one, other = keys.add("one", frozenset(["ask"])), keys.add("other", frozenset(["ask"]))
        watcher = keys.add("watcher", frozenset(["watch", "read"]))
        async with served(settings, keys=keys) as url:
            async with asked(url, one) as client:
                sent = await client.files.create(file=("club.md", CLUB), purpose="user_data")
            async with asked(url, other) as client:
                assert [each async for each in client.files.list()] == []
                with pytest.raises(openai.NotFoundError):
                    await client.chat.completions.create(model="assistant", messages=about(named(sent.id)))
            async with asked(url, watcher) as client:
                with pytest.raises(openai.PermissionDeniedError, match="lacks the scope 'ask'"):
                    await client.files.list()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[ArtifactSettings]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with s3_server("notes") as endpoint:
        yield ArtifactSettings(bucket="notes", endpoint=endpoint)


async def test_a_file_is_at_every_server_that_shares_database_and_bucket(
    settings: Settings, bucket: ArtifactSettings, postgres_url: str
) -> None:
    shared = settings.model_copy(update={"artifacts": bucket, "database": DatabaseSettings(url=postgres_url)})
    away = shared.model_copy(update={"home": settings.home / "away"})
    async with served(shared) as here, served(away) as there, asked(here) as first, asked(there) as second:
        sent = await first.files.create(file=("clüb & co.md", CLUB), purpose="user_data")
        assert (await second.files.content(sent.id)).content == CLUB
        shutil.rmtree(shared.home / "files" / sent.id)
        answer = await first.chat.completions.create(model="assistant", messages=about(named(sent.id)))
        assert "Tuesday of the month" in (answer.choices[0].message.content or "")
        more = await second.chat.completions.create(
            model="assistant",
            messages=[{"role": "user", "content": QUESTION}],
            extra_body={"conversation": (answer.model_extra or {})["evidence"]["conversation"]},
        )
        assert "Tuesday of the month" in (more.choices[0].message.content or "")
        await second.files.delete(sent.id)
        with pytest.raises(openai.NotFoundError):
            await first.files.content(sent.id)
