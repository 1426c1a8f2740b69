"""How the season asks the service: every write carries an idempotency key, so a lost answer is asked for again."""

from collections.abc import Mapping
from typing import Any

import httpx

from deploy.client import Unanswered, until_answered

PATIENCE_S = 60.0
"""A service that was killed is back within seconds, but where much else runs beside it."""


class Unexpected(Exception):
    """The service answered otherwise than the season expects."""


class Api:
    """Sends requests for the people of the season. *seed* makes the idempotency keys of one run its own."""

    def __init__(self, http: httpx.AsyncClient, *, seed: str) -> None:
        self._http = http
        self._seed = seed
        self._sent = 0

    async def get(self, path: str, *, by: str = "", status: int = 200) -> Any:  # noqa: ANN401 - JSON
        """Read; returns the decoded JSON."""
        return self._expected(await self._resent("GET", path, _headers(by)), status)

    async def get_bytes(self, path: str, *, by: str = "") -> tuple[int, bytes]:
        """Read; returns status and bytes."""
        answer = await self._resent("GET", path, _headers(by))
        return answer.status_code, answer.content

    async def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        by: str,
        status: int = 201,
    ) -> Any:  # noqa: ANN401 - JSON
        """Write once, however often it is sent; returns the decoded JSON."""
        headers = {**_headers(by), "Idempotency-Key": self._next_key()}
        return self._expected(await self._resent("POST", path, headers, json=body), status)

    async def upload(self, path: str, content: bytes, media_type: str, *, by: str) -> Any:  # noqa: ANN401 - JSON
        """Write raw bytes once."""
        headers = {**_headers(by), "Idempotency-Key": self._next_key(), "Content-Type": media_type}
        return self._expected(await self._resent("POST", path, headers, content=content), 201)

    def _next_key(self) -> str:
        self._sent += 1
        return f"season-{self._seed}-{self._sent}"

    async def _resent(self, method: str, path: str, headers: Mapping[str, str], **more: Any) -> httpx.Response:  # noqa: ANN401 - passed on
        try:
            return await until_answered(self.send, method, path, headers, patience_s=PATIENCE_S, hurried=True, **more)
        except Unanswered as error:
            raise Unexpected(str(error)) from error

    async def send(self, method: str, path: str, headers: Mapping[str, str], **more: Any) -> httpx.Response:  # noqa: ANN401 - passed on
        """Send one request once; the tests that kill the service put themselves here."""
        return await self._http.request(method, path, headers=headers, **more)

    def _expected(self, answer: httpx.Response, status: int) -> Any:  # noqa: ANN401 - JSON
        if answer.status_code != status:
            raise Unexpected(
                f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}, "
                f"{status} was expected: {answer.text}"
            )
        return answer.json()


def _headers(by: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {by}"} if by else {}
