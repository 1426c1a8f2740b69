// The verdict on one file: the checks of registry/receipts/verifier/, in their order and their words.
import { bytesOf, decodeStrict, fromHex, hex, Malformed, quoted, refuse } from "./strict.js";
import { COSIGNATURE_ML_DSA_44, hashOf, hashOfText, isKey, isSatisfied, leafHash, NONE, parseNote, parseProof, verifyCheckpoint, verifyInclusion, verifyNote } from "./log.js";
import { checkRetirement, checkStatement } from "./rules.js";
import { checkpointKeys, isSimulated, LOG_KINDS, policyAt } from "./trust.js";
import { formats } from "./formats.js";

const EXIT_CODES = { valid: 0, invalid: 1, unwitnessed: 3, superseded: 4, shortfall: 5, logged: 6, unexpected: 8 };
const V1 = "kilnwood-receipt/v1";

class Stopped extends Error {}

class Checklist {
  checks = [];
  about = "";
  add(outcome, name, detail) { this.checks.push({ outcome, name: this.about + name, detail }); }
  ok(name, detail) { this.add("ok", name, detail); }
  note(name, detail) { this.add("note", name, detail); }
  require(held, name, otherwise) {
    if (held) return;
    this.add("failed", name, otherwise);
    throw new Stopped();
  }
  checking(name, work) {
    try { return work(); } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      return this.require(false, name, error.message);
    }
  }
  inside(about, work) {
    const before = this.about;
    this.about = `${about}: `;
    try { return work(); } finally { this.about = before; }
  }
}

/** The report on one bundle, as `kilnwood verify --json` prints it. Never throws for what is in *bytes*. */
export function judge(bytes, trust, file = "") {
  const checks = new Checklist(), leaves = [];
  let finding;
  try { finding = find(bytes, trust, checks, leaves); } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    const failed = checks.checks.at(-1);
    finding = { verdict: "invalid", summary: `${failed.name}: ${failed.detail}` };
  }
  return report(finding, checks.checks, leaves, trust, file);
}

function find(bytes, trust, checks, leaves) {
  if (isSimulated(trust)) checks.note("SIMULATED", `${trust.origin} is a simulated region: no tonne behind this receipt is real`);
  checks.ok("trust", `edition ${trust.number} for ${trust.origin}`);
  const bundle = checks.checking("file", () => decodeStrict(bytes, "Bundle"));
  checkForm(bundle, checks);
  checks.ok("file", `${bytes.length} bytes, ${bundle.format}, strict parse, re-encoding equals the input`);
  const leaf = checkLeaf(bundle, trust, checks);
  leaves.push(leaf);
  checkRules(leaf, trust, checks);
  showRanges(leaf.statement, checks);
  if (leaf.type !== "retirement/v1") {
    checks.require(!bundle.claim && !bundle.asserts_neutral, "claim", "only a retirement names a claim");
    checkStatus(bundle, checks);
    const seen = leaf.head.witnessedAt ? "" : "; no quorum of witnesses has seen this log yet";
    return { verdict: "logged", summary: `the statement ${leaf.type} is in the log; it is no receipt${seen}` };
  }
  const claim = checkClaim(bundle, leaf, trust, checks, leaves);
  const [summary, short] = checkCover(leaf.statement, claim.statement, checks, Boolean(bundle.asserts_neutral));
  checkStatus(bundle, checks);
  if (short) return { verdict: "shortfall", summary };
  if (!leaf.head.witnessedAt || !claim.head.witnessedAt) {
    return { verdict: "unwitnessed", summary: `${summary}; no quorum of witnesses has seen this log yet` };
  }
  return { verdict: "valid", summary };
}

function checkForm(bundle, checks) {
  if (bundle.format === V1) return checks.require(bundle.sha256 === undefined, "file", "a bundle of version 1 has no sha256");
  checks.require(!bundle.asserts_neutral, "file", "a bundle of version 2 asserts nothing");
  checks.require(bundle.sha256 !== undefined, "file", "a bundle of version 2 states its sha256");
}

function checkLeaf(bundle, trust, checks, under = null) {
  const { note, type, statement } = readStatement(bundle, trust, checks);
  const issuer = checkIssuer(note, trust, checks);
  const openings = bundle.openings ?? [];
  checkSections(openings, statement, checks);
  let proof, own, sealed;
  checks.checking("log proof", () => {
    proof = parseProof(bundle.proof);
    if (proof.extra !== null) refuse("extra data in the proof, which nothing authenticates");
    own = under && under.note.whole === proof.checkpoint.whole ? under : null;
    sealed = own ? own.sealed : verifyCheckpoint(proof.checkpoint, checkpointKeys(trust));
  });
  if (bundle.sha256 === undefined) requireNoLookalike(proof.checkpoint, trust, checks);
  const { checkpoint } = sealed, sha256 = leafHash(bundle.note);
  checks.checking("path", () => verifyInclusion(sha256, proof.index, checkpoint.size, proof.hashes, checkpoint.root));
  checks.ok("leaf", hex(sha256));
  checks.ok("path", `leaf ${proof.index} is in the tree of size ${checkpoint.size}`);
  const head = own ?? checkHead(proof.checkpoint, sealed, trust, checks);
  if (own) checks.ok("checkpoint", "the receipt's own");
  checkKeys(issuer, proof.index, sealed, trust, checks);
  checkDigest(bundle, checks);
  return { type, statement, hash: hashOfText(note.text), sha256, index: proof.index, head, openings };
}

function readStatement(bundle, trust, checks) {
  const read = checks.checking("statement", () => {
    const note = parseNote(bundle.note);
    const size = bytesOf(note.text).length;
    if (size > 60000) refuse(`a statement of ${size} bytes; the limit is 60000: split it`);
    const lines = note.text.split("\n");
    if (lines.length !== 3 || lines[2]) refuse("a statement is a type line and a line of JSON");
    const type = Object.keys(formats.statements).find((each) => lines[0] === `${trust.origin}/${each}`);
    if (!type) refuse(`the type line ${quoted(lines[0])} is not a statement type of ${trust.origin}`);
    const statement = decodeStrict(bytesOf(lines[1]), formats.statements[type]);
    if (note.signatures.length !== 1) refuse(`${note.signatures.length} signatures on a statement; the issuer makes one`);
    return { note, type, statement };
  });
  checks.ok("statement", `${read.type} of ${read.statement.executed_at}, canonical JSON`);
  return read;
}

function checkIssuer(note, trust, checks) {
  const [key] = checks.checking("issuer signature", () => verifyNote(note, trust.issuers.map((each) => each.key)));
  checks.ok("issuer signature", `${key.name} ${key.id}, Ed25519`);
  return trust.issuers.find((each) => isKey(each.key, key));
}

const byCodePoint = (a, b) => {
  const one = [...a], two = [...b];
  const at = one.findIndex((char, place) => char !== two[place]);
  return at < 0 ? one.length - two.length : (one[at].codePointAt(0) - (two[at]?.codePointAt(0) ?? -1));
};

function checkSections(openings, statement, checks) {
  const digests = statement.sections ?? {}, labels = openings.map((each) => each.label);
  const ordered = labels.every((label, at) => at === 0 || byCodePoint(labels[at - 1], label) < 0);
  checks.require(ordered, "sections", "the openings are not in order, or one stands twice");
  for (const opening of openings) {
    checks.checking("sections", () => {
      if (!Object.hasOwn(digests, opening.label) || digests[opening.label] !== digestOf(opening)) {
        refuse(`the opening of ${quoted(opening.label)} is not what the statement names`);
      }
    });
  }
  const sealed = Object.keys(digests).filter((label) => !labels.includes(label)).sort();
  const parts = [labels.length && `opened: ${labels.join(", ")}`, sealed.length && `sealed: ${sealed.join(", ")}`].filter(Boolean);
  checks.ok("sections", parts.join("; ") || "none");
}

function digestOf({ label, salt, text }) {
  decodeStrict(bytesOf(text));
  const bytes = fromHex(salt, 32);
  if (label.includes("\0")) refuse("a section has a salt of 32 bytes and a label without NUL");
  return hex(hashOf(bytesOf(label), Uint8Array.of(0), bytes, bytesOf(text)));
}

function checkHead(note, sealed, trust, checks) {
  const { origin, size, extensions } = sealed.checkpoint;
  checks.require(origin === trust.origin, "checkpoint", `it is of the log ${origin}, not of ${trust.origin}`);
  const signed = sealed.seals.map((seal) => seal.key);
  const kinds = trust.logs.filter((each) => signed.some((key) => isKey(key, each.key))).map((each) => each.key.kind);
  const missing = LOG_KINDS.flatMap((kind, at) => (kinds.includes(kind) ? [] : [["Ed25519", "ML-DSA-44"][at]]));
  checks.require(!missing.length, "checkpoint", `no signature of the log with ${missing.join(" nor ")}`);
  const listed = policyAt(trust, size - 1n).logs;
  checks.require(!listed.length || signed.some((key) => listed.some((each) => isKey(each, key))), "checkpoint", "no log of the policy signed it");
  const more = extensions ? `; extension lines that say nothing here: ${extensions}` : "";
  checks.ok("checkpoint", `${origin}, size ${size}, signed with Ed25519 and ML-DSA-44${more}`);
  return { note, sealed, witnessedAt: checkWitnesses(sealed, trust, checks) };
}

function requireNoLookalike(note, trust, checks) {
  const known = checkpointKeys(trust);
  for (const line of note.signatures) {
    const exact = known.some((key) => key.name === line.name && key.id === line.id);
    const alike = known.some((key) => key.name === line.name || key.id === line.id) && !exact;
    checks.require(!alike, "checkpoint", `the line of ${line.name} ${line.id} is damaged or forged`);
  }
}

function checkWitnesses({ checkpoint, seals }, trust, checks) {
  const policy = policyAt(trust, checkpoint.size - 1n), known = [...policy.witnesses.values()];
  const seen = seals.filter((seal) => seal.time && known.some((key) => isKey(key, seal.key))).sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  if (policy.quorum === NONE) return checks.note("witnesses", "the policy asks for none (quorum none)"), null;
  const names = [...new Set(seen.map(({ key }) => key.name + (key.kind === COSIGNATURE_ML_DSA_44 ? " (ML-DSA-44)" : "")))].join(", ");
  for (let count = 1; count <= seen.length; count++) {
    if (!isSatisfied(policy, seen.slice(0, count).map((seal) => seal.key))) continue;
    const at = checks.checking("witnesses", () => moment(seen[count - 1].time));
    checks.ok("witnesses", `quorum ${policy.quorum} at ${at}: ${names}`);
    return at;
  }
  checks.note("witnesses", `quorum ${policy.quorum} is missing; cosigned by ${names || "nobody"}`);
  return null;
}

function moment(seconds) {
  if (seconds > 253402300799n) refuse(`a cosignature of the second ${seconds}, after the year 9999`);
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z`;
}

function checkKeys(issuer, index, { checkpoint, seals }, trust, checks) {
  const last = checkpoint.size - 1n;
  checks.require(issuer.countsAt(index), "keys in force", `the issuer key counts for ${issuer.span}, this is leaf ${index}`);
  const counting = trust.logs.filter((each) => each.countsAt(last) && seals.some((seal) => isKey(seal.key, each.key)));
  checks.require(new Set(counting.map((each) => each.key.kind)).size === 2, "keys in force", `a log key that signed does not count at leaf ${last}`);
  checks.ok("keys in force", `issuer key at leaf ${index}, log keys at leaf ${last}`);
}

function checkDigest(bundle, checks) {
  if (bundle.sha256 === undefined) return;
  const undamaged = bundle.sha256 === hex(hashOf(bytesOf(bundle.note), Uint8Array.of(0), bytesOf(bundle.proof)));
  checks.require(undamaged, "digest", "note and proof do not have the SHA-256 that the file states: it is damaged");
  checks.ok("digest", "every byte of note and proof is as it was written");
}

function checkRules({ type, statement }, trust, checks) {
  if (trust.registry !== null) {
    checks.require(statement.registry === trust.registry, "registry", `the statement is of ${quoted(statement.registry)}, the trust file is for ${quoted(trust.registry)}`);
    checks.ok("registry", trust.registry);
  }
  checks.checking("rules", () => checkStatement(type, statement));
  checks.ok("rules", "dates, ranges and amounts agree with each other");
}

const serial = (issuance) => ([first, last]) => `${issuance}:${first}-${last}kg`;

function showRanges({ ranges, quantity_kg, issuance }, checks) {
  if (!ranges) return;
  const more = ranges.length > 3 ? ` and ${ranges.length - 3} more` : "";
  checks.ok("ranges", `${quantity_kg} kg: ${ranges.slice(0, 3).map(serial(issuance)).join(", ")}${more}`);
}

function checkClaim(bundle, leaf, trust, checks, leaves) {
  const retirement = leaf.statement;
  checks.require(bundle.claim, "claim", "the bundle of the claim is missing");
  const inner = { openings: [], asserts_neutral: false, ...bundle.claim };
  checks.require(!(inner.claim || inner.status || inner.asserts_neutral), "claim", "the claim's bundle carries more than the claim");
  const claim = checks.inside("claim", () => {
    checkForm(inner, checks);
    const found = checkLeaf(inner, trust, checks, leaf.head);
    leaves.push(found);
    checkRules(found, trust, checks);
    return found;
  });
  const ours = leaf.head.sealed.checkpoint, theirs = claim.head.sealed.checkpoint;
  checks.require(ours.size !== theirs.size || hex(ours.root) === hex(theirs.root), "one log", `the file has two roots of the tree of size ${ours.size}: a fork`);
  checks.require(ours.size === theirs.size, "one log", `the claim stands under a checkpoint of size ${theirs.size}, not ${ours.size}`);
  checks.require(claim.type === "claim/v1", "claim", "the claim's bundle holds something else");
  checks.require(claim.hash === retirement.claim, "claim", `it is ${claim.hash}, the retirement names ${retirement.claim}`);
  checks.require(claim.index < leaf.index, "claim", `leaf ${claim.index} does not come before the retirement, ${leaf.index}`);
  checks.checking("claim", () => checkRetirement(retirement, claim.statement));
  checks.ok("claim", `${claim.statement.claim}, ${claim.statement.type}, leaf ${claim.index}, as the receipt names it`);
  return claim;
}

function checkCover(retirement, claim, checks, neutral) {
  const gives = retirement.allocates_kg, needs = claim.required_kg;
  if (claim.type === "contribution") {
    checks.require(!neutral, "allocation", "a contribution claim is never neutral");
    checks.ok("allocation", `contributes ${gives} kg; a contribution claim requires nothing`);
    return [`contributes ${gives} kg; this is no neutrality claim`, false];
  }
  if (claim.deadline !== undefined && retirement.executed_at > claim.deadline) {
    const late = `retired ${retirement.executed_at}, after the deadline ${claim.deadline}: it does not count for the claim`;
    checks.note("allocation", late);
    return [late, true];
  }
  const part = `allocates ${gives} of ${needs} kg required`;
  if (gives >= needs) {
    checks.ok("allocation", part);
    return [`${part}: the claim is covered by this receipt alone`, false];
  }
  if (neutral) {
    checks.note("allocation", `${part}, and the file asserts neutrality`);
    return [`${part}: ${needs - gives} kg are missing for the neutrality that the file asserts`, true];
  }
  checks.ok("allocation", `${part}; what other receipts give is not seen from here`);
  return [`${part}, a part of the claim`, false];
}

function checkStatus(bundle, checks) {
  checks.require(!bundle.status, "status", "a status snapshot, which this version cannot check");
  checks.ok("status", "no newer statement in the file");
}

function report(finding, checks, leaves, trust, file) {
  const [leaf] = leaves;
  const retirement = leaf?.type === "retirement/v1" ? leaf.statement : null;
  const claim = leaves.find((each) => each.type === "claim/v1")?.statement;
  return {
    file, ...finding, exit_code: EXIT_CODES[finding.verdict], simulated: isSimulated(trust), checks,
    type: leaf?.type ?? null, statement_hash: leaf?.hash ?? null, leaf_index: leaf ? Number(leaf.index) : null,
    size: leaf ? Number(leaf.head.sealed.checkpoint.size) : null, witnessed_at: leaf?.head.witnessedAt ?? null,
    receipt: retirement?.receipt ?? null, quantity_kg: retirement?.quantity_kg ?? null, allocates_kg: retirement?.allocates_kg ?? null,
    required_kg: claim?.required_kg ?? null, about: leaf ? about(leaves) : null,
  };
}

const identifiers = (list) => (list ?? []).map(({ scheme, value }) => `${scheme} ${value}`);

function about(leaves) {
  const [{ type, statement, openings }] = leaves;
  const claim = leaves.find((each) => each.type === "claim/v1")?.statement;
  const retired = type === "retirement/v1" ? statement.executed_at : null;
  return {
    registry: statement.registry, claim: claim?.claim ?? null, claim_type: claim?.type ?? null, standard: claim?.standard ?? null,
    claimant: identifiers(claim?.claimant), organiser: identifiers(claim?.organiser), subject: claim?.subject ?? null,
    period_begins: claim?.period.begins ?? null, period_ends: claim?.period.ends ?? null, claimed_at: claim?.executed_at ?? null,
    deadline: claim?.deadline ?? null, beneficiary: beneficiary(openings), project: statement.project ?? null,
    methodology: statement.methodology ?? null, vintage: statement.vintage ?? null,
    serials: type === "issuance/v1" ? [statement.serials] : (statement.ranges ?? []).map(serial(statement.issuance)), retired_at: retired,
    sealed: leaves.flatMap((leaf) => Object.keys(leaf.statement.sections ?? {}).filter((label) => !leaf.openings.some((each) => each.label === label)).sort()),
  };
}

function beneficiary(openings) {
  const text = openings.find((each) => each.label === "beneficiary")?.text;
  if (text === undefined) return null;
  const value = JSON.parse(text);
  if (typeof value?.name !== "string" || Array.isArray(value)) return { name: text, identifiers: [] };
  const given = Array.isArray(value.identifiers) ? value.identifiers : [];
  return { name: value.name, identifiers: identifiers(given.filter((each) => each && typeof each === "object" && !Array.isArray(each))) };
}
