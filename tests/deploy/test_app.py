"""What every answer of the application has, and what none of them gives away."""

import json

import pytest
from litestar import Litestar
from msgspec import structs

from registry.kit.caching import NotKept
from tests import offline

CSS = "/static/swagger-ui/swagger-ui.css"


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/nothing", "/nothing", "/v1/me", "/health/live", "/v1/projects/x"])
async def test_no_answer_is_kept(path: str):
    """Whatever its status: it may be for one caller only."""
    async with offline.client() as http:
        answer = await http.get(path)
    assert "no-store" == answer.headers["cache-control"], answer.status_code


async def test_what_says_how_long_it_may_be_kept_says_so_alone():
    """A tile of the log is for ever; files for the browser are the same for everybody."""
    sent = []

    async def tile(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"public")]})
        await send({"type": "http.response.body", "body": b""})

    async def keep(message):
        sent.append(message)

    await NotKept(tile)({"type": "http", "path": "/v1/log/tile"}, None, keep)  # type: ignore[arg-type]  # as little as it reads
    assert [(b"Cache-Control", b"public")] == sent[0]["headers"]
    async with offline.client() as http:
        assert "cache-control" not in (await http.get(CSS)).headers


async def test_another_site_is_permitted_nothing():
    """No answer lets a page of another origin read it, and none to a preflight."""
    async with offline.client() as http:
        for method in ("GET", "OPTIONS"):
            headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
            answer = await http.request(method, "/v1/me", headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "PATCH", "DELETE", "FOO"])
@pytest.mark.parametrize("path", ["/", "/v1/me", "/v1/retirements", CSS])
async def test_other_methods_are_refused(method: str, path: str):
    """Above all TRACE, which would send a key back."""
    async with offline.client() as http:
        answer = await http.request(method, path, headers={"Authorization": "Bearer kw_sim_secret"})
    assert 405 == answer.status_code
    assert "kw_sim_secret" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/static", "/static/", "/static/swagger-ui/", "/.git/config", "/static/../app.py", "/static/%2e%2e/app.py"],
)
async def test_only_files_that_are_meant_are_served(path: str):
    """No list of a folder, and nothing beside the folder of static files."""
    async with offline.client() as http:
        assert 404 == (await http.get(path)).status_code


def test_the_environment_switches_no_debugging_on(monkeypatch: pytest.MonkeyPatch):
    """The framework would read both variables."""
    monkeypatch.setenv("LITESTAR_DEBUG", "1")
    monkeypatch.setenv("LITESTAR_PDB", "1")
    app = offline.application()
    while not isinstance(app, Litestar):
        app = app._app
    assert (False, False) == (app.debug, app.pdb_on_exception)


async def test_the_name_of_a_region_is_text_in_the_documentation():
    """Also one that looks like markup: it ends neither the title nor the script."""
    name = "A </title></script><script>alert(1)</script> & region"
    async with offline.client(structs.replace(offline.REGION, name=name)) as http:
        page = (await http.get("/docs")).text
        assert name == (await http.get("/docs/openapi.json")).json()["info"]["title"]
    assert "alert(1)</script>" not in page
    assert "<title>A &lt;/title&gt;" in page
    document = page.partition("spec: ")[2]
    assert name == json.JSONDecoder().raw_decode(document)[0]["info"]["title"]
