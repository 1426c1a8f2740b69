"""What no answer of the application gives away or permits."""

import pytest
from litestar import Litestar

from tests import offline

CSS = "/static/swagger-ui/swagger-ui.css"


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
