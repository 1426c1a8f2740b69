// The public log: notes, keys, signatures, checkpoints, policies, proofs. As registry/transparency/format/ has them.
import { CURVE, etc, ml_dsa44, Point, sha256, sha512 } from "../../kit/site/vendor/noble/noble.min.js";
import { big, bigEndian, bytesOf, fromBase64, fromHash, fromHex, fromSize, hex, joined, partition, quoted, refuse, sameBytes, SIZE_LIMIT } from "./strict.js";

export const ED25519 = 1;
export const COSIGNATURE_ED25519 = 4;
export const COSIGNATURE_ML_DSA_44 = 6;
const KEY_BYTES = { [ED25519]: 32, [COSIGNATURE_ED25519]: 32, [COSIGNATURE_ML_DSA_44]: 1312 };
const P = 2n ** 255n - 19n;
etc.sha512Sync = (...parts) => sha512(joined(...parts));

export const hashOf = (...parts) => sha256(joined(...parts));
export const hashOfText = (text) => hex(sha256(bytesOf(text)));

// Keys

const power = (base, exponent) => {
  let result = 1n;
  for (base %= P; exponent; exponent >>= 1n, base = (base * base) % P) if (exponent & 1n) result = (result * base) % P;
  return result;
};
const D = ((P - 121665n) * power(121666n, P - 2n)) % P;
const Y8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
const LOW_ORDER = [1n, P - 1n, 0n, Y8, P - Y8];

function requireSoundPoint(key) {
  const y = big(key.toReversed()) & ((1n << 255n) - 1n);
  if (y >= P) refuse("an Ed25519 key whose encoding is not canonical");
  if (LOW_ORDER.includes(y)) refuse("an Ed25519 key of low order: it would accept signatures that nobody made");
  if (power(((y * y - 1n) * (D * y * y + 1n)) % P, (P - 1n) / 2n) !== 1n) refuse("an Ed25519 key that is not a point of the curve");
}

// The white space of Python's str.split, which is Unicode's and four separators.
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
function requireName(name) {
  if (!name || SPACE.test(name) || name.includes("+") || /[\x00-\x1f]/.test(name)) {
    refuse(`${quoted(name)} cannot name a key: it is empty or holds a space or a plus`);
  }
}

const kindOf = (kind) => `0x${kind.toString(16).padStart(2, "0")}`;

export function parseKey(text) {
  const [name, stated, ...rest] = text.split("+");
  if (!rest.length) refuse("a verifier key has the form name+hash+key");
  const data = fromBase64(rest.join("+"));
  if (!data.length) refuse("a verifier key without bytes");
  const kind = data[0], bytes = data.slice(1);
  requireName(name);
  if (KEY_BYTES[kind] !== bytes.length) refuse(`key type ${kindOf(kind)} with ${bytes.length} bytes is not one that Kilnwood knows`);
  if (kind !== COSIGNATURE_ML_DSA_44) requireSoundPoint(bytes);
  const id = hex(hashOf(bytesOf(name), Uint8Array.of(10, kind), bytes).slice(0, 4));
  if (hex(fromHex(stated, 4)) !== id) refuse(`the key of ${name} states id ${stated}, its bytes give ${id}`);
  return { name, kind, bytes, id, text };
}
export const isKey = (a, b) => a.name === b.name && a.id === b.id && a.kind === b.kind && sameBytes(a.bytes, b.bytes);

// Signatures

const littleEndian = (bytes) => big(bytes.toReversed());
function encoded({ x, y }) {
  const bytes = bigEndian(y, 32).toReversed();
  bytes[31] |= x & 1n ? 0x80 : 0;
  return bytes;
}

/** RFC 8032 without the cofactor, R compared by its bytes: exactly what OpenSSL accepts. */
function ed25519Holds(key, signature, message) {
  if (signature.length !== 64) return false;
  const r = signature.slice(0, 32), s = littleEndian(signature.slice(32));
  if (s >= CURVE.n) return false;
  try {
    const k = littleEndian(sha512(joined(r, key, message))) % CURVE.n;
    const found = Point.BASE.multiply(s, false).add(Point.fromBytes(key).negate().multiply(k, false));
    return sameBytes(encoded(found.toAffine()), r);
  } catch { return false; }
}

export function verifyEd25519(key, signature, message) {
  if (!ed25519Holds(key.bytes, signature, message)) refuse(`the Ed25519 signature of ${key.name} does not verify`);
}

function verifyMlDsa(key, signature, message) {
  let held = false;
  try { held = ml_dsa44.verify(key.bytes, message, signature); } catch { held = false; }
  if (!held) refuse(`the ML-DSA-44 signature of ${key.name} does not verify`);
}

// Notes

const DASH = "\u2014 ";
export function parseNote(whole) {
  const size = bytesOf(whole).length;
  if (size > 1 << 17) refuse(`a note of ${size} bytes; the limit is ${1 << 17}`);
  if (/[\x00-\x09\x0b-\x1f]/.test(whole)) refuse("a note holds no control character but the newline");
  const at = whole.lastIndexOf("\n\n");
  const lines = whole.slice(at + 2).split("\n");
  if (at <= 0 || lines.pop() !== "" || !lines.length) {
    refuse("a signed note is a text, an empty line, and signature lines that each end in a newline");
  }
  if (lines.length > 32) refuse(`${lines.length} signatures on one note; the limit is 32`);
  return { whole, text: `${whole.slice(0, at)}\n`, signatures: lines.map(parseLine) };
}

function parseLine(line) {
  const [name, space, rest] = partition(line.slice(2), " ");
  if (!line.startsWith(DASH) || !space) refuse("a signature line is: em dash, space, key name, space, base64");
  requireName(name);
  const data = fromBase64(rest);
  if (data.length <= 4) refuse("a signature line without a signature");
  return { name, id: hex(data.slice(0, 4)), signature: data.slice(4) };
}

const knownLines = (note, keys) => note.signatures.flatMap((line) => {
  const key = keys.findLast((each) => each.name === line.name && each.id === line.id);
  return key ? [[line, key]] : [];
});

export function verifyNote(note, keys) {
  const signed = knownLines(note, keys).map(([line, key]) => (verifyEd25519(key, line.signature, bytesOf(note.text)), key));
  return signed.length ? signed : refuse("no trusted key signed this note");
}

// The tree

export const leafHash = (text) => hashOf(Uint8Array.of(0), bytesOf(text));
const nodeHash = (left, right) => hashOf(Uint8Array.of(1), left, right);

export function verifyInclusion(leaf, index, size, proof, root) {
  if (!(index >= 0n && index < size)) refuse(`index ${index} is not in a tree of size ${size}`);
  let place = index, last = size - 1n, found = leaf;
  for (const sibling of proof) {
    if (last === 0n) refuse("the inclusion proof is too long");
    if (place & 1n || place === last) {
      found = nodeHash(sibling, found);
      while (!(place & 1n) && place) { place >>= 1n; last >>= 1n; }
    } else found = nodeHash(found, sibling);
    place >>= 1n;
    last >>= 1n;
  }
  if (last) refuse("the inclusion proof is too short");
  if (!sameBytes(found, root)) refuse(`the inclusion proof does not lead from leaf ${index} to the root`);
}

// Checkpoints

export function parseCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.pop() !== "" || lines.length < 3 || lines.some((line) => !line)) {
    refuse("a checkpoint has the lines origin, size, root and any extensions, and none is empty");
  }
  return { origin: lines[0], size: fromSize(lines[1]), root: fromHash(lines[2]), extensions: lines.length - 3 };
}

export function verifyCheckpoint(note, keys) {
  const checkpoint = parseCheckpoint(note.text);
  const seals = knownLines(note, keys).map(([line, key]) => ({ key, time: verifyLine(key, line.signature, note.text, checkpoint) }));
  return { checkpoint, seals };
}

function verifyLine(key, signature, text, checkpoint) {
  if (key.kind === ED25519) return verifyEd25519(key, signature, bytesOf(text)), 0n;
  const time = big(signature.slice(0, 8)), bare = signature.slice(8);
  if (time >= SIZE_LIMIT) refuse(`timestamp ${time} of a cosignature is not below 2^63`);
  if (key.kind === COSIGNATURE_ED25519) verifyEd25519(key, bare, bytesOf(`cosignature/v1\ntime ${time}\n${text}`));
  else verifyMlDsa(key, bare, subtree(key.name, time, checkpoint));
  return time;
}

const brief = (text) => {
  const bytes = bytesOf(text);
  return bytes.length <= 255 ? joined(Uint8Array.of(bytes.length), bytes) : refuse(`a name of ${bytes.length} bytes; a cosignature takes 1 to 255`);
};
const subtree = (name, time, { origin, size, root }) =>
  joined(bytesOf("subtree/v1\n\0"), brief(name), bigEndian(time, 8), brief(origin), new Uint8Array(8), bigEndian(size, 8), root);

// Proofs

export function parseProof(text) {
  const [head, divider, rest] = partition(text, "\n\n");
  const lines = head.split("\n");
  if (!divider || lines.shift() !== "c2sp.org/tlog-proof@v1") refuse("a proof begins with the line c2sp.org/tlog-proof@v1");
  const extra = lines[0]?.startsWith("extra ") ? fromBase64(lines.shift().slice(6)) : null;
  if (!lines[0]?.startsWith("index ")) refuse("a proof states the index of its leaf");
  const index = fromSize(lines.shift().slice(6));
  if (lines.length > 63) refuse(`an audit path of ${lines.length} hashes; the limit is 63`);
  const checkpoint = parseNote(rest);
  parseCheckpoint(checkpoint.text);
  return { index, hashes: lines.map(fromHash), checkpoint, extra };
}

// Policies

export const NONE = "none";

export function parsePolicy(text) {
  const bytes = bytesOf(text);
  if (bytes.length > 1 << 20) refuse(`a policy of ${bytes.length} bytes; the limit is ${1 << 20}`);
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(text)) refuse("a policy holds no control character but tab and newline");
  if (text && !text.endsWith("\n")) refuse("the last line of a policy ends in a newline");
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), members: new Set(), quorum: null };
  text.split("\n").slice(0, -1).forEach((line, number) => {
    try { takeLine(policy, line.split(/[ \t]/).filter(Boolean)); } catch (error) { refuse(`policy line ${number + 1}: ${error.message}`); }
  });
  return policy.quorum === null ? refuse("a policy has exactly one quorum line, this has none") : policy;
}

function takeLine(policy, words) {
  if (!words.length || words[0].startsWith("#")) return;
  const taker = { log: takeLog, witness: takeWitness, group: takeGroup, quorum: takeQuorum };
  if (!Object.hasOwn(taker, words[0])) refuse(`unknown keyword ${quoted(words[0])}`);
  taker[words[0]](policy, words.slice(1));
  if (Math.max(policy.logs.length, policy.witnesses.size, policy.groups.size) > 256) refuse("more than 256 logs, witnesses or groups");
}

const requireCount = (words, low, high, form) => (words.length < low || words.length > high) && refuse(`expected: ${form}`);
const isTaken = (policy, name) => policy.witnesses.has(name) || policy.groups.has(name);
const requireNew = (policy, name) => (name === NONE || isTaken(policy, name)) && refuse(`the name ${quoted(name)} is taken`);

function freshKey(text, kinds, known) {
  const key = parseKey(text);
  if (!kinds.includes(key.kind)) refuse(`key type ${kindOf(key.kind)} does not fit this line`);
  return known.some((other) => sameBytes(other.bytes, key.bytes)) ? refuse("the same public key twice") : key;
}

function takeLog(policy, words) {
  requireCount(words, 1, 2, "log <vkey> [<url>]");
  policy.logs.push(freshKey(words[0], [ED25519, COSIGNATURE_ML_DSA_44], policy.logs));
}

function takeWitness(policy, words) {
  requireCount(words, 2, 3, "witness <name> <vkey> [<url>]");
  requireNew(policy, words[0]);
  policy.witnesses.set(words[0], freshKey(words[1], [COSIGNATURE_ED25519, COSIGNATURE_ML_DSA_44], [...policy.witnesses.values()]));
}

function takeGroup(policy, words) {
  requireCount(words, 3, Infinity, "group <name> all|any|<k> <name>...");
  const [name, threshold, ...members] = words;
  requireNew(policy, name);
  for (const member of members) {
    if (!isTaken(policy, member)) refuse(`${quoted(member)} is not defined above`);
    if (policy.members.has(member)) refuse(`${quoted(member)} is a member twice: a witness may count in one way only`);
    policy.members.add(member);
  }
  policy.groups.set(name, { threshold: thresholdOf(threshold, members.length), members });
}

function thresholdOf(text, members) {
  if (text === "any" || text === "all") return text === "any" ? 1 : members;
  const threshold = fromSize(text);
  return threshold >= 1n && threshold <= members ? Number(threshold) : refuse(`the threshold ${text} is not between 1 and ${members}`);
}

function takeQuorum(policy, words) {
  requireCount(words, 1, 1, "quorum <name>");
  if (policy.quorum !== null) refuse("a second quorum line");
  if (words[0] !== NONE && !isTaken(policy, words[0])) refuse(`${quoted(words[0])} is not defined above`);
  policy.quorum = words[0];
}

export function isSatisfied(policy, cosigners) {
  const held = new Map([...policy.witnesses].map(([name, key]) => [name, cosigners.some((each) => isKey(each, key))]));
  for (const [name, group] of policy.groups) held.set(name, group.members.filter((each) => held.get(each)).length >= group.threshold);
  return policy.quorum === NONE || held.get(policy.quorum);
}
