"""A witness that sends us elsewhere is no witness: redirects are not followed."""

import httpx
import pytest

from registry.transparency import witness_client


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status):
    """It is a refusal like any other answer without a cosignature, and no second request is sent."""
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(status, headers={"Location": "https://elsewhere.example/add-checkpoint"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(witness_client.WitnessRefused, match=str(status)):
            await witness_client.cosign("https://w.example", 0, (), "a note\n", client=client)
    assert ["w.example"] == asked
