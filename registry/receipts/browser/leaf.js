// The checks of any statement of the log: registry/receipts/verifier/leaf.py and checklist.py.
import { bytesOf, decodeStrict, fromHex, hex, Malformed, quoted, refuse } from "./strict.js";
import { COSIGNATURE_ML_DSA_44, hashOf, hashOfText, isKey, isSatisfied, leafHash, NONE, parseNote, parseProof, verifyCheckpoint, verifyInclusion, verifyNote } from "./log.js";
import { checkStatement } from "./rules.js";
import { checkpointKeys, LOG_KINDS, policyAt } from "./trust.js";
import { formats } from "./formats.js";

const V1 = "kilnwood-receipt/v1", V3 = "kilnwood-receipt/v3";
/** With the members that a bundle inside a bundle leaves out. */
export const bundleInside = (bundle) => ({ openings: [], later: [], ...bundle });
export const carriesMore = (bundle) => bundle.claim || bundle.status || bundle.asserts_neutral || bundle.later.length;

export class Stopped extends Error {}

export class Checklist {
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

/** Whether the fields are those of the bundle's version. */
export function checkForm(bundle, checks) {
  const a = `a bundle of version ${bundle.format.at(-1)}`, third = bundle.format === V3;
  checks.require(third || !bundle.later.length, "file", `${a} has nothing later`);
  if (bundle.format === V1) return checks.require(bundle.sha256 === undefined, "file", `${a} has no sha256`);
  checks.require(!bundle.asserts_neutral, "file", `${a} asserts nothing`);
  checks.require(bundle.sha256 !== undefined, "file", `${a} states its sha256`);
  if (third) checks.require(bundle.later.length, "file", `${a} has something later, or is one of version 2`);
}

export function checkLeaf(bundle, trust, checks, under = null) {
  const { note, type, statement } = readStatement(bundle, trust, checks);
  const issuer = checkIssuer(note, trust, checks);
  const { openings } = bundle;
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

export function checkRules({ type, statement }, trust, checks) {
  if (trust.registry !== null) {
    checks.require(statement.registry === trust.registry, "registry", `the statement is of ${quoted(statement.registry)}, the trust file is for ${quoted(trust.registry)}`);
    checks.ok("registry", trust.registry);
  }
  checks.checking("rules", () => checkStatement(type, statement));
  checks.ok("rules", "dates, ranges and amounts agree with each other");
}
