// The verdict on one file: the checks of registry/receipts/verifier/, in their order and their words.
import { decodeStrict, hex } from "./strict.js";
import { checkRetirement } from "./rules.js";
import { isSimulated } from "./trust.js";
import { bundleInside, carriesMore, checkForm, Checklist, checkLeaf, checkRules, Stopped } from "./leaf.js";
import { checkLater, inWords } from "./later.js";
import { about, serial } from "./about.js";

const EXIT_CODES = { valid: 0, invalid: 1, unwitnessed: 3, superseded: 4, shortfall: 5, logged: 6, unexpected: 8 };

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
    checks.require(!bundle.later.length, "later", "only a retirement carries what was said later");
    checkStatus(bundle, checks);
    const seen = leaf.head.witnessedAt ? "" : "; no quorum of witnesses has seen this log yet";
    return { verdict: "logged", summary: `the statement ${leaf.type} is in the log; it is no receipt${seen}` };
  }
  const claim = checkClaim(bundle, leaf, trust, checks, leaves);
  const [annulment] = checkLater(bundle, [leaf, claim], trust, checks, leaves);
  if (annulment) {
    checks.note("allocation", "annulled: it does not count for the claim");
    checkStatus(bundle, checks);
    return { verdict: "superseded", summary: inWords(annulment.statement) };
  }
  const [summary, short] = checkCover(leaf.statement, claim.statement, checks, Boolean(bundle.asserts_neutral));
  checkStatus(bundle, checks);
  if (short) return { verdict: "shortfall", summary };
  if (!leaf.head.witnessedAt || !claim.head.witnessedAt) {
    return { verdict: "unwitnessed", summary: `${summary}; no quorum of witnesses has seen this log yet` };
  }
  return { verdict: "valid", summary };
}

function showRanges({ ranges, quantity_kg, issuance }, checks) {
  if (!ranges) return;
  const more = ranges.length > 3 ? ` and ${ranges.length - 3} more` : "";
  checks.ok("ranges", `${quantity_kg} kg: ${ranges.slice(0, 3).map(serial(issuance)).join(", ")}${more}`);
}

function checkClaim(bundle, leaf, trust, checks, leaves) {
  const retirement = leaf.statement;
  checks.require(bundle.claim, "claim", "the bundle of the claim is missing");
  const inner = bundleInside(bundle.claim);
  checks.require(!carriesMore(inner), "claim", "the claim's bundle carries more than the claim");
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
