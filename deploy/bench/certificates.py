"""Certificates typeset, and a receipt verified by the script of its page: in Chromium, else in Node or by Python."""

import gzip
import itertools
import json
import shutil
import subprocess
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import typst

from deploy.bench.figures import Figure, at_least, at_most, in_turn, seconds_of
from deploy.bench.in_browser import in_chromium
from deploy.bench.region import BenchRegion
from deploy.bench.verification import receipt_of
from registry.receipts.browser.script import page_script, verifier_script
from registry.receipts.certificates import wording
from registry.receipts.certificates.qr import qr_svg
from registry.receipts.certificates.sheets import CertificateSheet, Fact, Masthead, ProvedAt
from registry.receipts.certificates.typeset import STANDARD, fonts, typeset
from registry.receipts.verifier.attachment import Attached
from registry.receipts.verifier.trust import load_trust
from registry.receipts.verifier.verify import verify_bundle

_WANTED_PER_S = 20.0
_WANTED_MS = 250.0
_LEAST = 5
_LINK = "HTTPS://KILNWOOD.EXAMPLE/R/" + "A" * 32
_NODE = """
import { judgeAll, loadTrust } from "./verifier.mjs";
import { readFileSync } from "node:fs";
const { raw, trust, rounds } = JSON.parse(readFileSync(0, "utf8"));
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const times = [];
for (let at = 0; at <= rounds; at++) {
  const begun = performance.now();
  const [report] = await judgeAll(bytes(raw), loadTrust(bytes(trust)));
  times.push(performance.now() - begun);
  if (!["valid", "unwitnessed"].includes(report.verdict)) throw new Error(report.summary);
}
console.log(JSON.stringify(times));
"""


def certificates(world: BenchRegion, *, seconds: float, rounds: int) -> Figure:
    """Typeset one sheet again and again; the limit is typst with an empty page and the same receipt."""
    attached = [Attached("it.receipt.json", receipt_of(world))]
    at = datetime(2025, 1, 6, tzinfo=UTC)
    pages = max(_LEAST, round(20 * seconds * rounds))
    made = len(typeset(_sheet(0), attached, at=at))
    numbers = itertools.count(1)  # no two are the same, for typst remembers what it has set before

    def bare() -> None:
        empty = f"#set document(title: [{next(numbers)}], date: auto)\n".encode()
        typst.compile(empty, font_paths=fonts(), format="pdf", pdf_standards=STANDARD, timestamp=0)

    def whole() -> None:
        typeset(_sheet(next(numbers)), attached, at=at)

    measured = in_turn(pages, lambda: seconds_of(bare), lambda: seconds_of(whole))
    value = 1 / measured.value
    return Figure(
        name="certificates",
        what="certificates typeset, one after the other",
        unit="/s",
        value=value,
        limit=1 / measured.limit,
        limit_what="an empty sheet by the same typesetter",
        share=measured.limit / measured.value,
        target=at_least(value, _WANTED_PER_S, f"≥ {_WANTED_PER_S:.0f}/s"),
        rounds=pages,
        notes={"bytes of one": made},
    )


def browser_verify(world: BenchRegion, *, seconds: float, rounds: int) -> Figure:
    """The page's verifier on one receipt, trust file and all; the limit is the verifier in Python."""
    raw, trust = receipt_of(world), world.region.trust
    runs = max(_LEAST, round(20 * seconds * rounds))
    by, times = "by Chromium", in_chromium(world.region.url, raw, runs)
    if not times:
        by, times = "by Node: there is no Chromium", _in_node(raw, trust, runs)
    here = sorted(seconds_of(lambda: verify_bundle(raw, load_trust(trust))) for _ in range(runs))
    script = page_script().encode()
    notes = {"bytes of script": float(len(script)), "bytes gzipped": float(len(gzip.compress(script)))}
    python_ms = 1000 * here[runs // 2]
    if not times:
        return _figure(
            python_ms, None, runs, notes, ("neither Chromium nor Node here: this is the verifier in Python",)
        )
    first, *later = times
    return _figure(sorted(later)[len(later) // 2], python_ms, runs, notes | {"ms of the first": first}, (by,))


def _figure(value: float, limit: float | None, runs: int, notes: dict[str, float], remarks: tuple[str, ...]) -> Figure:
    return Figure(
        name="browser-verify",
        what="a receipt verified by the script of its page",
        unit="ms",
        value=value,
        limit=limit,
        limit_what="the verifier in Python",
        share=value / limit if limit else None,
        target=at_most(value, _WANTED_MS, f"≤ {_WANTED_MS:.0f} ms"),
        rounds=runs,
        notes=notes,
        remarks=remarks,
    )


def _in_node(raw: bytes, trust: bytes, runs: int) -> list[float]:
    node = shutil.which("node")
    if node is None:
        return []
    asked = json.dumps({"raw": b64encode(raw).decode(), "trust": b64encode(trust).decode(), "rounds": runs})
    with TemporaryDirectory() as folder:
        Path(folder, "verifier.mjs").write_text(verifier_script(), encoding="utf-8")
        Path(folder, "bench.mjs").write_text(_NODE, encoding="utf-8")
        done = subprocess.run(
            [node, str(Path(folder, "bench.mjs"))], input=asked, capture_output=True, check=True, text=True
        )
    found: list[float] = json.loads(done.stdout)
    return found


def _sheet(number: int) -> CertificateSheet:
    link = _LINK[:-8] + f"{number:08d}".translate(str.maketrans("0123456789", "ABCDEFGHIJ"))
    place = ProvedAt("ab" * 32, number, number + 1, link)
    both = wording.Both("景区管理局永久注销了 1 200 千克减排量。", "The scenic area retired 1,200 kg for good.")
    return CertificateSheet(
        head=Masthead(
            "Bench",
            "kilnwood.example/sim/CN-510100",
            simulated=True,
            code=f"R-{number}",
            code_zh="凭证",
            code_en="Receipt",
            qr=qr_svg(link),
            place=place,
        ),
        said=wording.Said(wording.RETIREMENT, both, wording.ONLY_RETIRED),
        kg="1 200",
        facts=(Fact("声明方", "Claimant", "景区管理局"), Fact("序列号", "Serials", "SC-CDCER-0001-2024-01:1-1200kg")),
        corrections=(),
    )
