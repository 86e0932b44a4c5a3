"""Whatever the OpenAPI document allows, and what it does not, gets an answer that the document allows."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance, unsupported_method

from assistant.api import access
from assistant.api.keys import SCOPES, Keys
from assistant.settings import LimitSettings, Settings
from tests.api.conftest import served

EXAMPLES = 5


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The API in a thread, with a library of one document, and a key that may do all."""
    home = tmp_path_factory.mktemp("api")
    (home / "tea.md").write_text("# Tea\n\nThe tea is in the blue tin.\n")
    chosen = Settings(home=home / "home", engine="builtin", limits=LimitSettings(requests=100_000))
    addresses: list[str] = []
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    keys = Keys(chosen.home)
    # Of the many wrong ones that are tried here each is to be told so.
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(access, "WRONG_AT_ONCE", 100_000)

    async def serve() -> None:
        async with served(chosen, Path(home / "tea.md"), keys) as url:
            addresses.append(url)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    yield addresses[0], keys.add("all", frozenset(SCOPES))
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()
    keys.close()
    monkeypatch.undo()


def test_the_document_describes_every_answer(api: tuple[str, str]) -> None:
    document = httpx.get(f"{api[0]}/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            (told,) = [each for status, each in operation["responses"].items() if status[0] == "2" and status != "2XX"]
            shape = told["content"].get("application/json", {"schema": {"a file": True}})["schema"]
            assert shape, f"{method} {path}"


def test_answers_are_as_the_document_describes_them(api: tuple[str, str]) -> None:
    url, key = api
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    said = {"role": "user", "content": "Where is the tea?"}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=120) as client:
        chat = client.post("/v1/chat/completions", json={"messages": [said]})
        conversation = chat.json()["evidence"]["conversation"]
        answers = {
            ("/v1/chat/completions", "POST"): chat,
            ("/v1/responses", "POST"): client.post("/v1/responses", json={"input": [said]}),
            ("/v1/conversations", "GET"): client.get("/v1/conversations"),
            ("/v1/conversations/{conversation}", "GET"): client.get(f"/v1/conversations/{conversation}"),
            ("/v1/models", "GET"): client.get("/v1/models"),
            ("/v1/embeddings", "POST"): client.post("/v1/embeddings", json={"input": "tea"}),
            ("/v1/libraries/{library}/documents", "GET"): client.get("/v1/libraries/default/documents"),
            ("/v1/libraries/{library}/search", "POST"): client.post(
                "/v1/libraries/default/search", json={"query": "tea"}
            ),
        }
    assert chat.json()["evidence"]["citations"]
    for (path, method), answer in answers.items():
        assert answer.status_code == 200
        schema[path][method].validate_response(answer)


def begun(url: str, key: str) -> dict[str, str]:
    """Makes what the addresses name, and returns it by the names that it has there."""
    with httpx.Client(base_url=f"{url}/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        said = client.post("/chat/completions", json={"messages": [{"role": "user", "content": "Hello!"}]}).json()
        sent = client.post("/files", files={"file": ("a.md", b"# A")}, data={"purpose": "user_data"}).json()
    return {"conversation": said["evidence"]["conversation"], "file": sent["id"], "library": "default", "document": "1"}


def test_every_request_gets_an_answer_that_the_document_allows(api: tuple[str, str]) -> None:
    url, key = api
    here = begun(url, key)
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 15
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
                database=None,
            )
            def check(case: schemathesis.Case) -> None:
                if case.method != "DELETE":  # else most requests would end at something that there is not
                    names = case.path_parameters.keys() & here.keys()
                    case.path_parameters.update({name: here[name] for name in names})
                # What a field may hold is more than a schema can say: a library must exist, a question have
                # words. Query parameters that we do not know are passed over, as everywhere on the web.
                case.call_and_validate(
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=120,
                    excluded_checks=[unsupported_method, positive_data_acceptance, negative_data_rejection],
                )

            # Where nothing can be wrong with a request there is nothing to try.
            with suppress(*([Unsatisfiable] if mode is GenerationMode.NEGATIVE else [])):
                check()
