"""Certificates over HTTP: what is in them verifies offline; nothing that is not public is on them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cli import verify as command
from registry.receipts.certificates import service
from registry.receipts.codes import code_of, link, parse_code, place_of
from registry.receipts.verifier.attachment import attached
from registry.receipts.verifier.together import compare
from registry.receipts.verifier.verify import judge_all
from registry.transparency.format.strict_json import decode_strict
from schemas.receipts import Bundle
from tests.registry.credits.annulment.test_annul import annul, retired_for
from tests.registry.receipts.browser.node import Browser, as_file, as_said
from tests.registry.receipts.test_receipts import BENEFICIARY, retired
from tests.registry.transparency.logs import Log, new_log
from tests.worlds import World


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """The witness and the head of one log."""
    with new_log(tmp_path) as made:
        yield made


async def test_a_retirement_has_a_certificate_once_it_is_witnessed(delivered: World, log: Log):
    """202 until then; afterwards the PDF, at the page's address as well, and its receipt is valid."""
    (path,) = await retired(delivered, 1200, claim=await delivered.event_claim())
    receipt = path.rpartition("/")[2]
    address = f"/retirements/{receipt}/certificate.pdf"
    waiting = await delivered.get(f"/v1{address}")
    assert (202, "1") == (waiting.status_code, waiting.headers["Retry-After"])
    await log.publish(delivered.dsn)
    answer = await delivered.get(address)
    assert (200, "application/pdf") == (answer.status_code, answer.headers["Content-Type"])
    assert f'filename="{receipt}.certificate.pdf"' in answer.headers["Content-Disposition"]
    assert answer.content == (await delivered.get(f"/v1{address}")).content
    (judged,) = judge_all(answer.content, log.trust, file="it.pdf")
    assert ("valid", f"it.pdf: {receipt}.receipt.json") == (judged.report.verdict, judged.report.file)
    assert ("note", "attachment") == (judged.report.checks[0].outcome, judged.report.checks[0].name)


async def test_a_claim_carries_all_of_its_receipts(delivered: World, log: Log):
    """600 kg and 600 kg: one PDF proves that 1,200 kg are covered; before that, its own statement says nothing is."""
    claim = await delivered.event_claim()
    await log.publish(delivered.dsn)
    (nothing,) = judge_all((await delivered.get(f"/claims/{claim}/certificate.pdf")).content, log.trust)
    assert ("logged", "claim/v1") == (nothing.report.verdict, nothing.report.type)
    for _ in range(2):
        await retired(delivered, 600, claim=claim)
    await log.publish(delivered.dsn)
    pdf = (await delivered.get(f"/claims/{claim}/certificate.pdf")).content
    compared = compare(judge_all(pdf, log.trust, file="it.pdf"))
    assert ["valid"] * 2 == [each.verdict for each in compared.reports]
    assert [(1200, True)] == [(each.allocated_kg, each.covered) for each in compared.summary.claims]


async def test_an_issuance_has_one(delivered: World, log: Log):
    """Its statement is logged, and no receipt."""
    await log.publish(delivered.dsn)
    pdf = (await delivered.get("/issuances/SC-CDCER-0001-2024-01/certificate.pdf")).content
    (judged,) = judge_all(pdf, log.trust)
    assert ("logged", "issuance/v1") == (judged.report.verdict, judged.report.type)


async def test_only_who_may_open_a_section_gets_it_opened(delivered: World, log: Log):
    """The beneficiary is in the holder's PDF and in nobody else's."""
    (path,) = await retired(delivered, 1200, claim=await delivered.event_claim())
    await log.publish(delivered.dsn)
    address = f"/v1/retirements/{path.rpartition('/')[2]}/certificate.pdf"
    for by, known in (("", False), (delivered.party("bank").key, False), (delivered.party("scenic").key, True)):
        (found,) = attached((await delivered.get(address, by=by)).content)
        assert known == (BENEFICIARY.encode() in found.content)


@pytest.mark.parametrize("path", ["retirements/R-NOPE", "claims/999", "issuances/SC-CDCER-0009-2024-01"])
async def test_what_does_not_exist_has_no_certificate(delivered: World, path: str):
    """404, as the object has."""
    assert 404 == (await delivered.get(f"/v1/{path}/certificate.pdf")).status_code


async def test_the_command_reads_certificates(
    delivered: World, log: Log, tmp_path: Path, capsysbinary, browser: Browser | None
):
    """`kilnwood verify it.pdf`: valid, and any changed byte of the attachment is not; the browser says the same."""
    (path,) = await retired(delivered, 1200, claim=await delivered.event_claim())
    await log.publish(delivered.dsn)
    pdf = (await delivered.get(f"/v1/retirements/{path.rpartition('/')[2]}/certificate.pdf")).content
    trust = tmp_path / "trust.json"
    trust.write_bytes(as_file(log.trust))
    file = tmp_path / "it.pdf"
    file.write_bytes(pdf)
    assert 0 == command.main([str(file), "--trust", str(trust)])
    assert b"SIMULATED, VALID: " in capsysbinary.readouterr().out
    begins = pdf.index(b"/Type/EmbeddedFile")
    ends = pdf.index(b"endstream", begins)
    for at in range(begins, ends, (ends - begins) // 40):
        changed = pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]
        file.write_bytes(changed)
        code = command.main([str(file), "--trust", str(trust)])
        said = capsysbinary.readouterr().out
        assert (1, True) == (code, b"FAILED" in said), at
        if browser:
            mine = [as_said(each.report) for each in judge_all(changed, log.trust, file="it.pdf")]
            assert mine == [as_said(each) for each in browser.judge(changed, trust.read_bytes(), "it.pdf")]


async def test_a_certificate_of_what_was_annulled_is_superseded(
    delivered: World, log: Log, tmp_path: Path, capsysbinary, browser: Browser | None
):
    """`kilnwood verify it.pdf` of version 3: 4, and why; the claim that lost it has a certificate without it."""
    claim_id, receipt = await retired_for(delivered)
    await annul(delivered, f"retirements/{receipt}")
    await log.publish(delivered.dsn)
    pdf = (await delivered.get(f"/v1/retirements/{receipt}/certificate.pdf")).content
    assert b'"kilnwood-receipt/v3"' in attached(pdf)[0].content
    trust = tmp_path / "trust.json"
    trust.write_bytes(as_file(log.trust))
    file = tmp_path / "it.pdf"
    file.write_bytes(pdf)
    assert 4 == command.main([str(file), "--trust", str(trust)])
    assert b"The event never took place" in capsysbinary.readouterr().out
    if browser:
        mine = [as_said(each.report) for each in judge_all(pdf, log.trust, file="it.pdf")]
        assert mine == [as_said(each) for each in browser.judge(pdf, trust.read_bytes(), "it.pdf")]
    (own,) = judge_all((await delivered.get(f"/v1/claims/{claim_id}/certificate.pdf")).content, log.trust)
    assert ("logged", "claim/v1") == (own.report.verdict, own.report.type)


def test_a_pdf_without_a_receipt_says_so(log: Log):
    """Clear words, and INVALID: nothing was proved."""
    (judged,) = judge_all(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", log.trust, file="menu.pdf")
    assert "invalid" == judged.report.verdict
    assert "a PDF without a receipt in it" in judged.report.summary
    (judged,) = judge_all(b"%PDF-" + bytes(1 << 23), log.trust)
    assert "a PDF of more than 8388608 bytes" in judged.report.summary


async def test_the_code_on_paper_finds_every_statement(delivered: World, log: Log):
    """In any case of letters; a retirement's brings its claim; an unknown one is refused clearly."""
    (path,) = await retired(delivered, 1200, claim=await delivered.event_claim())
    await log.publish(delivered.dsn)
    bundle = decode_strict((await delivered.get(path)).content, Bundle)
    code = code_of(place_of(bundle).leaf)
    for spelled in (code, code.lower()):
        answer = await delivered.get(f"/v1/receipts/by-code/{spelled}")
        assert bundle == decode_strict(answer.content, Bundle)
    assert f"HTTP://LOCALHOST:8000/R/{code}" == link("http://localhost:8000", place_of(bundle).leaf)
    for wrong in ("A" * 32, "a" * 31, "nothing"):
        answer = await delivered.get(f"/v1/receipts/by-code/{wrong}")
        assert 404 == answer.status_code
        assert "Compare it with the paper" in answer.json()["detail"]


def test_a_code_is_160_bits():
    """Base32, and nothing else is a code."""
    assert bytes(range(20)) == parse_code(code_of(bytes(range(32))))
    assert [None] * 4 == [parse_code(each) for each in ("", "1" * 32, "A" * 33, "Ä" * 32)]


async def test_the_trust_that_is_served_judges_what_is_served(delivered: World, log: Log):
    """Its keys are those of this log."""
    await log.publish(delivered.dsn)
    answer = await delivered.get("/v1/receipts/trust")
    assert 200 == answer.status_code
    assert log.trust.issuers[0].key.text() in answer.text


async def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch):
    """Gathering a claim's receipts and typesetting are done one after the other; a long wait is refused."""
    typesetter = service.Typesetter()
    monkeypatch.setattr(service, "WAITING_LIMIT", 1)
    async with typesetter.gathering():
        with pytest.raises(service.Busy):
            async with typesetter.gathering():
                raise AssertionError("it is somebody else's turn")
    async with typesetter.gathering():
        """It is free again."""
