// The receipt page: verifies here, in the visitor's browser, with or without a network. All words come from the page.
import { judgeAll } from "./verifier.js";
import { loadTrust } from "./trust.js";
import { bytesOf, hex } from "./strict.js";
import { hashOf } from "./log.js";

const root = typeof document === "undefined" ? null : document.querySelector("[data-verifier]");
const part = (name) => root.querySelector(`[data-${name}]`);
const FILE_LIMIT_BYTES = 8 << 20;
let words, trust, trustBytes, served = "", shown = null;

function made(tag, text = "", state = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (state) element.className = state;
  return element;
}

/** A text of the verifier in the page's language, by the first template that fits; English is marked as such. */
function told(text) {
  for (const [form, meant] of words.details) {
    const found = text.match(form);
    if (found) return meant.replace(/\{(\d)\}/g, (_, gap) => told(found[+gap + 1]) ?? found[+gap + 1]);
  }
  return null;
}

function saying(tag, text, before = "") {
  const said = told(text), element = made(tag, before + (said ?? text));
  if (said === null) element.lang = "en";
  return element;
}

const named = (name) => name.split(": ").map((each) => words.checks[each] ?? each.replace(/^later/, words.checks.later)).join(": ");

function row(...cells) {
  const line = document.createElement("tr");
  line.append(...cells);
  return line;
}

/** From the page itself where it was saved, else from the server it came from. */
async function given(name) {
  const here = document.getElementById(`${name}-data`);
  if (here) return bytesOf(JSON.parse(here.textContent));
  const address = root.dataset[name];
  if (!address) return null;
  const answer = await fetch(address);
  if (answer.status !== 200) throw new Error(`${answer.status} ${address}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function facts(report) {
  const { about } = report;
  if (!about || report.verdict === "invalid") return [];
  const sealed = about.sealed.includes("beneficiary");
  const party = about.beneficiary && [about.beneficiary.name, ...about.beneficiary.identifiers].join(", ");
  return [
    ["registry", about.registry],
    ["receipt", report.receipt && `${report.receipt}, ${about.retired_at}`],
    ["kilograms", report.quantity_kg && `${report.quantity_kg} kg`],
    ["given", report.allocates_kg && report.required_kg ? `${report.allocates_kg} / ${report.required_kg} kg` : ""],
    ["beneficiary", sealed ? words.sealed : party],
    ["project", about.project && [about.project, about.vintage, about.methodology].filter(Boolean).join(", ")],
    ["serials", about.serials.slice(0, 5).join(", ") + (about.serials.length > 5 ? ` + ${about.serials.length - 5}` : "")],
    ["subject", about.subject],
    ["claim", about.claim && `${about.claim}, ${about.claim_type}, ${about.standard}`],
    ["claimant", about.claimant.join(", ")],
    ["period", about.period_begins && `${about.period_begins} – ${about.period_ends}`],
    ["deadline", about.deadline],
  ].filter(([, value]) => value);
}

/** What was said later: before everything that it changes. */
function later({ annulled, corrected }) {
  const list = made("dl", "", "facts corrected");
  for (const { of, at, reason } of annulled) list.append(made("dt", words.annulled[of]), made("dd", `${at} · ${reason}`));
  for (const { field, was, now, at, reason } of corrected) {
    const said = made("dd");
    said.append(made("del", was ?? words.sealed), " → ", made("ins", now ?? words.sealed), made("br"), made("small", `${at} · ${reason}`));
    list.append(made("dt", `${words.corrected}: ${words.facts[field]}`), said);
  }
  return list.children.length ? [list] : [];
}

function card(report) {
  const box = made("article", "", `verdict verdict-${report.verdict}`);
  const says = made("p", "", "verdict-says");
  says.append(made("strong", (report.simulated ? `${words.simulated} · ` : "") + words.verdicts[report.verdict]));
  const failed = report.verdict === "invalid" && report.checks.at(-1);
  const summary = failed ? saying("p", failed.detail, `${named(failed.name)}: `) : saying("p", report.summary);
  box.append(says, summary, ...(report.about && report.verdict !== "invalid" ? later(report.about) : []));
  if (report.size) box.append(made("p", `${words.asof} ${report.size}${report.witnessed_at ? ` · ${words.witnessed} ${report.witnessed_at}` : ` · ${words.unwitnessed}`}`, "soft"));
  const list = made("dl", "", "facts");
  for (const [name, value] of facts(report)) list.append(made("dt", words.facts[name]), made("dd", value));
  if (list.children.length) box.append(list);
  const details = made("details");
  details.open = report.verdict === "invalid";
  const table = made("table"), body = made("tbody");
  for (const check of report.checks) {
    const name = made("th", named(check.name));
    name.scope = "row";
    body.append(row(made("td", words.outcomes[check.outcome], `outcome outcome-${check.outcome}`), name, saying("td", check.detail)));
  }
  table.append(body);
  const frame = made("div", "", "table");
  frame.append(table);
  details.append(made("summary", `${words.all} (${report.checks.length})`), frame);
  box.append(details);
  if (report.file) box.prepend(made("h3", report.file));
  return box;
}

async function verify(bytes, name, place) {
  const begun = performance.now();
  const reports = await judgeAll(bytes, trust, name);
  // The bench reads it.
  root.dataset.milliseconds = (performance.now() - begun).toFixed(1);
  place.replaceChildren(...reports.map(card));
  root.dataset.verdict = reports.map((each) => each.verdict).join(" ");
}

function showTrust() {
  const digest = hex(hashOf(trustBytes));
  const lines = [
    [words.trust.registry, trust.registry ?? "–"], [words.trust.origin, trust.origin], [words.trust.edition, String(trust.number)],
    [words.trust.digest, digest.replace(/(.{8})(?=.)/g, "$1 ")],
    ...trust.issuers.map(({ key, span }) => [words.trust.issuer, `${key.id} · ${span}`]),
    ...trust.logs.map(({ key, span }) => [words.trust.log, `${key.id} · ${key.kind === 1 ? "Ed25519" : "ML-DSA-44"} · ${span}`]),
    ...[...trust.policies.at(-1).policy.witnesses.values()].map((key) => [words.trust.witness, `${key.id} · ${key.name}`]),
  ];
  part("trust-shown").replaceChildren(...lines.flatMap(([name, value]) => [made("dt", name), made("dd", value)]));
  part("trust-whose").textContent = !served ? "" : served === digest ? words.trust.theirs : words.trust.yours;
}

/** Use a trust file; the page's own first, then the visitor's. */
function use(bytes) {
  trust = loadTrust(bytes);
  trustBytes = bytes;
  if (!served) served = hex(hashOf(bytes));
  showTrust();
}

async function take(file, field) {
  const fault = part("fault");
  fault.textContent = "";
  try {
    if (file.size > FILE_LIMIT_BYTES) throw new Error(words.large);
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (field !== "trust") return await verify(bytes, file.name, part("other"));
    use(bytes);
    part("other").replaceChildren();
    if (shown) await verify(shown, "", part("result"));
  } catch (error) { fault.textContent = `${file.name}: ${error.message}`; }
}

async function start() {
  words = JSON.parse(document.getElementById("verifier-words").textContent);
  for (const input of root.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => input.files[0] && take(input.files[0], input.dataset.takes));
  }
  root.addEventListener("dragover", (event) => event.preventDefault());
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    for (const file of event.dataTransfer.files) take(file, /trust[^/]*\.json$/.test(file.name) ? "trust" : "receipt");
  });
  for (const each of root.querySelectorAll("[data-scripted]")) each.hidden = false;
  part("unscripted").hidden = true;
  try {
    use(await given("trust"));
    shown = await given("receipt");
    if (shown) await verify(shown, "", part("result"));
  } catch (error) {
    part("fault").textContent = error.message;
    root.dataset.verdict = "failed";
  }
}

if (root) start();

export { judgeAll, loadTrust };
