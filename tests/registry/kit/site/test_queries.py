"""Empty filters of pages."""

import pytest

from registry.kit.site.queries import FilledQueries


@pytest.mark.parametrize(
    ("path", "sent", "passed"),
    [
        ("/projects", b"state=&order=", b""),
        ("/projects", b"state=&order=oldest&q=+", b"order=oldest"),
        ("/projects.csv", b"state=&vintage=2024", b"vintage=2024"),
        ("/v1/projects", b"state=", b"state="),
        ("/search", b"q", b"q"),
        ("/search", b"", b""),
    ],
)
async def test_what_is_left_empty_asks_for_nothing(path: str, sent: bytes, passed: bytes):
    """Pages and their other forms; the API gets what was sent."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["query_string"])

    scope = {"type": "http", "path": path, "query_string": sent}
    await FilledQueries(app)(scope, None, None)  # type: ignore[arg-type]  # nothing is received
    assert [passed] == seen
