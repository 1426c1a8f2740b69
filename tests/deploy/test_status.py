"""How the service is, for anybody: in words, without what only an operator should know."""

from typing import Any

from deploy.status import service_status
from registry.kit.problems import Unavailable
from tests.worlds import World


class Away:
    """A database that does not answer."""

    def reading(self) -> Any:
        """Refuse as a pool does whose server is gone."""
        raise Unavailable("the database is away")


async def test_it_is_ready_or_degraded_or_unready(issued: World):
    """What is wrong is not said; what the database would know is null without it."""
    ready = await service_status(issued.db, lambda: "")
    assert ("ready", None) == (ready.status, ready.witnessed_at)
    assert "degraded" == (await service_status(issued.db, lambda: "disk 3 is on fire")).status
    away = await service_status(Away(), lambda: "")  # type: ignore[arg-type]  # a stand-in
    assert ("unready", None, None, None) == (away.status, away.published, away.waiting, away.business_time)


async def test_the_page_says_it_in_words(issued: World):
    """For visitors, in both languages, with the version."""
    for language, words in (("en", "All requests are served."), ("zh", "各项服务正常。")):
        page = await issued.http.get("/status", headers={"Accept-Language": language})
        assert 200 == page.status_code
        assert words in page.text
    assert "ready" == (await issued.get("/v1/status")).json()["status"]
    assert 200 == (await issued.http.get("/status.json")).status_code
