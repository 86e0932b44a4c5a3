"""Documents over HTTP, and the vectors of their model."""

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from langchain_openai import OpenAIEmbeddings
from pydantic import SecretStr

from assistant.settings import Settings
from tests.api.conftest import served

TEA = b"# Tea\n\nThe tea is kept in the blue tin on the shelf.\n"


async def test_documents_are_added_found_listed_and_removed(settings: Settings) -> None:
    async with served(settings) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        assert (await client.post("/v1/libraries", json={"name": "office"})).status_code == 201
        assert [each["id"] for each in (await client.get("/v1/libraries")).json()["data"]] == ["default", "office"]
        added = await client.post("/v1/libraries/office/documents", files={"file": ("../../tea.md", TEA)})
        assert (added.status_code, added.json()["title"], added.json()["status"]) == (201, "Tea", "added")
        found = (await client.post("/v1/libraries/office/search", json={"query": "Where is the tea?"})).json()["data"]
        assert "blue tin" in found[0]["text"]
        assert (found[0]["document"], found[0]["document_id"]) == ("tea.md", added.json()["id"])
        listed = (await client.get("/v1/libraries/office/documents", params={"limit": 1})).json()
        assert ([each["title"] for each in listed["data"]], listed["has_more"]) == (["Tea"], False)
        where = f"/v1/libraries/office/documents/{added.json()['id']}"
        assert (await client.get(where)).json() == listed["data"][0]
        held = (await client.get("/v1/libraries/office")).json()
        assert (held["documents"], held["passages"]) == (1, 1)
        assert (await client.delete(where)).json()["deleted"]
        assert list((settings.home / "files" / "uploads").iterdir()) == []
        for gone in (client.delete, client.get):
            assert (await gone(where)).status_code == 404
        assert (await client.delete("/v1/libraries/office")).json()["deleted"]
        assert (await client.get("/v1/libraries/office/documents")).status_code == 404


async def test_the_same_file_is_held_once_and_kept_as_long_as_a_library_holds_it(settings: Settings) -> None:
    uploads = settings.home / "files" / "uploads"
    async with served(settings) as url, httpx.AsyncClient(base_url=f"{url}/v1", timeout=60) as client:

        async def send(library: str) -> Any:
            form: Any = {"tags": ["Kitchen", "drinks"]}
            return (
                await client.post(f"/libraries/{library}/documents", files={"file": ("tea.md", TEA)}, data=form)
            ).json()

        for name in ("one", "two"):
            await client.post("/libraries", json={"name": name})
        assert [(await send(name))["status"] for name in ("one", "one", "two")] == ["added", "unchanged", "added"]
        (held,) = (await client.get("/libraries/one/documents")).json()["data"]
        assert held["tags"] == ["drinks", "kitchen"]
        found = await client.post("/libraries/one/search", json={"query": "tea", "tags": ["drinks"]})
        assert len(found.json()["data"]) == 1
        await client.delete("/libraries/one")
        assert [path.name for path in uploads.rglob("*.md")] == ["tea.md"]
        await client.delete("/libraries/two")
        assert list(uploads.iterdir()) == []


async def test_a_document_goes_by_its_number_and_not_by_a_title_that_is_one(settings: Settings) -> None:
    async with served(settings) as url, httpx.AsyncClient(base_url=f"{url}/v1/libraries", timeout=60) as client:
        added = await client.post(
            "/default/documents", files={"file": ("1984.md", b"# 77\n\nIt was a bright cold day.\n")}
        )
        assert added.json()["title"] == "77"
        assert (await client.delete("/default/documents/77")).status_code == 404
        assert (await client.get("/default")).json()["documents"] == 1


async def test_what_cannot_be_a_document_is_told(settings: Settings) -> None:
    async with served(settings) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        await client.post("/v1/libraries", json={"name": "office"})
        refused = await client.post("/v1/libraries/office/documents", files={"file": ("film.mp4", b"x")})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unreadable")
        assert "film.mp4" in refused.json()["error"]["message"]
        assert list((settings.home / "files" / "uploads").iterdir()) == []
        for name, form in (("..", {}), ("x" * 400 + ".md", {}), ("a.md", {"colour": "red"}), ("a.md", {"tags": "a,b"})):
            sent = await client.post("/v1/libraries/office/documents", files={"file": (name, b"")}, data=form)
            assert sent.status_code == 400
        assert list((settings.home / "files" / "uploads").iterdir()) == []
        assert (await client.post("/v1/libraries", json={"name": "No Name"})).status_code == 400
        assert (await client.post("/v1/libraries", json={"name": "office"})).status_code == 409
        assert (await client.post("/v1/libraries/nowhere/search", json={"query": "x"})).status_code == 404


async def test_the_model_of_the_library_embeds(settings: Settings) -> None:
    async with served(settings) as url, openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client:
        names = [model.id async for model in await client.models.list()]
        assert names[0] == "assistant"
        made = await client.embeddings.create(model=names[1], input=["tea", "a kind of tea", "robot"])
        vectors = np.array([each.embedding for each in made.data])
        assert vectors.shape == (3, 384)
        assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
        assert made.usage.prompt_tokens == made.usage.total_tokens == 6
        for tokens in ([1, 2], [[1, 2], [3]]):
            with pytest.raises(openai.BadRequestError, match="check_embedding_ctx_length=False"):
                await client.embeddings.create(model=names[1], input=tokens)
        with pytest.raises(openai.NotFoundError, match="no model 'gpt-9' that embeds"):
            await client.embeddings.create(model="gpt-9", input="tea")
        async with httpx.AsyncClient() as http:
            langchain = OpenAIEmbeddings(
                model=names[1],
                base_url=f"{url}/v1",
                api_key=SecretStr("none"),
                check_embedding_ctx_length=False,
                http_async_client=http,
            )
            assert np.allclose(await langchain.aembed_query("tea"), vectors[0], atol=1e-5)
        with pytest.raises(openai.BadRequestError, match="384"):
            await client.embeddings.create(model=names[1], input="tea", dimensions=5)
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve("gpt-9")


async def test_the_folder_of_the_home_is_not_for_callers(settings: Settings, tmp_path: Path) -> None:
    async with served(settings) as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        for path in (
            "/v1/libraries/..%2f..%2fetc/documents",
            "/v1/conversations/..%2f..",
            "/v1/libraries/%00/documents",
        ):
            assert (await client.get(path)).status_code in (400, 404)
