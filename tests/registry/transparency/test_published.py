"""What is published, as people read it: who signed the newest checkpoint, and the statements under it."""

from tests.registry.credits.steps import refusal
from tests.registry.transparency.logs import Log
from tests.worlds import World


async def test_a_log_without_checkpoint_says_so(issued: World):
    """404 from the API with the reason; the page explains when the first one comes."""
    assert (404, "not-in-the-log") == refusal(await issued.get("/v1/log"))
    page = await issued.http.get("/log")
    assert 200 == page.status_code
    assert "No checkpoint yet" in page.text
    assert [] == (await issued.get("/v1/log/statements")).json()["items"]


async def test_the_newest_checkpoint_is_taken_apart(issued: World, log: Log):
    """Verbatim, its size and root; the log signs twice, the witness says when it saw it."""
    await issued.sequence()
    await log.publish(issued.dsn)
    head = (await issued.get("/v1/log")).json()
    assert head["checkpoint"] == (await issued.get("/v1/log/checkpoint")).text
    assert head["checkpoint"].split("\n")[:2] == [head["origin"], str(head["size"])]
    signers = [(each["by"], each["algorithm"], each["at"] is not None) for each in head["signatures"]]
    assert ("log", "Ed25519", False) == signers[0]
    assert "ML-DSA-44" == signers[1][1]
    assert ("witness", "Ed25519", True) == signers[2]
    status = (await issued.get("/v1/status")).json()
    assert (head["size"], 0, "ready") == (status["published"], status["waiting"], status["status"])
    assert status["cosigned_at"] == head["signatures"][2]["at"]
    page = (await issued.http.get("/log")).text
    assert all(each["key_id"] in page for each in head["signatures"])


async def test_statements_are_read_by_their_place_and_hash(issued: World, log: Log):
    """From either end, of one type, and one by its hash; what no witness has seen is not shown."""
    await issued.sequence()
    (code,) = [each["statement_hash"] for each in (await issued.get("/v1/issuances?limit=1")).json()["items"]]
    assert (202, "not-yet-witnessed") == refusal(await issued.get(f"/v1/log/statements/{code}"))
    await log.publish(issued.dsn)
    found = (await issued.get("/v1/log/statements")).json()["items"]
    assert list(range(len(found))) == [each["index"] for each in found]
    assert found[::-1] == (await issued.get("/v1/log/statements?order=newest")).json()["items"]
    kinds = (await issued.get("/v1/log/statements?type=issuance/v1")).json()["items"]
    assert [each for each in found if each["type"] == "issuance/v1"] == kinds
    one = (await issued.get(f"/v1/log/statements/{code}")).json()
    assert one in found
    assert one["note"] in (await issued.http.get(f"/log/statements/{code}")).text.replace("&#34;", '"').replace(
        "&#39;", "'"
    )
    assert 404 == (await issued.get(f"/v1/log/statements/{'0' * 64}")).status_code
    assert 400 == (await issued.get("/v1/log/statements/xyz")).status_code
