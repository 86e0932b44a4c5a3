"""What stands before the page, piece by piece."""

from __future__ import annotations

from ipaddress import ip_network

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.middleware import Middleware

from assistant.accounts.store import Accounts
from assistant.web.answers import Say
from assistant.web.buckets import Buckets
from assistant.web.busy import Busy
from assistant.web.edge import Edge
from assistant.web.forwarded import Forwarded
from assistant.web.origin import LOOPBACK, SameOrigin
from assistant.web.sessions import SignedIn, by_header, cookie
from assistant.web.uploads import HOUR, Uploads
from ui.refused import phrase

PROXY = "10.0.0.1"


def told(*layers: Middleware) -> FastAPI:
    application = FastAPI(middleware=list(layers))

    @application.api_route("/", methods=["GET", "POST"])
    def page(request: Request) -> dict[str, str]:
        who = request.scope.get("user")
        return {
            "client": request.client.host,
            "scheme": request.url.scheme,
            "host": request.url.netloc,
            "who": who.name if who else "",
        }

    @application.get("/broken")
    def broken() -> None:
        raise RuntimeError("a bug")

    return application


async def get(application: FastAPI, address: str = PROXY, method: str = "GET", path: str = "/", **headers: str):
    transport = httpx.ASGITransport(application, client=(address, 1), raise_app_exceptions=False)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://page.test") as client:
        return await client.request(method, path, headers=named)


FORWARDED = {
    "x_forwarded_for": "6.6.6.6, 9.9.9.9, 10.0.0.7",
    "x_forwarded_proto": "https",
    "x_forwarded_host": "assistant.example",
    "x_user": "anna",
}


@pytest.fixture
def behind(home):
    accounts = Accounts(home)
    yield told(
        Middleware(Forwarded, proxies=[ip_network("10.0.0.0/8")], header="X-User"),
        Middleware(SignedIn, identify=by_header(accounts, "X-User", "viewer"), page=False),
    )
    accounts.close()


async def test_a_proxy_of_the_settings_is_believed(behind):
    said = (await get(behind, **FORWARDED)).json()
    assert said == {"client": "9.9.9.9", "scheme": "https", "host": "assistant.example", "who": "anna"}


@pytest.mark.parametrize("address", ["9.9.9.9", "testclient", "11.0.0.1", "::1"])
async def test_nobody_else_is(behind, address):
    assert (await get(behind, address, **FORWARDED)).status_code == 401


async def test_two_names_or_none_are_nobody(behind):
    transport = httpx.ASGITransport(behind, client=(PROXY, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://page.test") as client:
        twice = await client.get("/", headers=[("X-User", "anna"), ("X-User", "ben")])
        empty = await client.get("/", headers={"X-User": " "})
    assert (twice.status_code, empty.status_code) == (401, 401)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://page.test"}, 200),
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://page.test.evil.test"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": "http://page.test"}, 403),
    ],
)
async def test_only_the_page_itself_changes_anything(headers, status):
    application = told(Middleware(SameOrigin))
    assert (await get(application, method="POST", **headers)).status_code == status
    assert (await get(application, **headers)).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:7860", 200),
        ("localhost", 200),
        ("[::1]:7860", 200),
        ("evil.test", 421),
        ("127.0.0.1.evil.test", 421),
        ("[", 421),
    ],
)
async def test_without_accounts_no_other_name_leads_here(host, status):
    """DNS rebinding."""
    assert (await get(told(Middleware(SameOrigin, hosts=LOOPBACK)), host=host)).status_code == status


async def test_an_address_that_asks_too_much_waits_and_others_do_not():
    application = told(Middleware(Say, phrase=phrase), Middleware(Busy, requests=Buckets(60, most=3)))
    codes = [(await get(application, "1.1.1.1")).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    refused = await get(application, "1.1.1.1")
    assert refused.headers["retry-after"] == "1"
    assert "Wait a moment" in refused.json()["error"]
    for headers in ({"accept_language": "de-AT,de"}, {"cookie": "x=1; language=de"}):
        refused = await get(application, "1.1.1.1", **headers)
        assert (refused.json()["code"], "Warten Sie" in refused.json()["error"]) == ("address", True)
    assert (await get(application, "2.2.2.2")).status_code == 200


async def test_a_bug_is_one_line_for_the_person():
    broken = await get(told(Middleware(Edge)), path="/broken")
    assert (broken.status_code, "a bug" in broken.text) == (500, False)


def test_buckets_fill_again():
    now = [0.0]
    buckets = Buckets(60, most=2, clock=lambda: now[0])
    assert [buckets.wait("a") for _ in range(3)] == [0, 0, 1]
    now[0] = 0.5
    assert buckets.wait("a") == 0.5
    now[0] = 1.5
    assert buckets.wait("a") == 0


def test_uploads_are_limited_in_number_and_size_by_the_hour(tmp_path):
    now = [0.0]
    uploads = Uploads(3, 100, clock=lambda: now[0])
    path = str(tmp_path / "x")
    uploads.take("a", [path, path + "y"], 60)
    assert uploads.full("a", 41)
    assert not uploads.full("a", 40)
    assert not uploads.full("b", 100)
    uploads.take("a", [path + "z"], 0)
    assert uploads.full("a", 1)
    assert uploads.own("a", f"{path}/../x")
    assert uploads.foreign("b", path)
    assert not uploads.foreign("b", path + "unknown")
    now[0] = HOUR + 1
    assert not uploads.full("a", 100)


def test_the_cookie_is_sent_over_https_only_where_there_is_https():
    assert cookie("s", "https", 9) == "__Host-assistant=s; Path=/; Max-Age=9; HttpOnly; SameSite=Lax; Secure"
    assert cookie("s", "http", 9) == "assistant=s; Path=/; Max-Age=9; HttpOnly; SameSite=Lax"
