// About whom and what the statements of a file speak: registry/receipts/verifier/about.py.
import { isAnnulment, isCorrection, wordsOf } from "./later.js";

export const serial = (issuance) => ([first, last]) => `${issuance}:${first}-${last}kg`;
const identifiers = (list) => (list ?? []).map(({ scheme, value }) => `${scheme} ${value}`);

export function about(leaves) {
  const [first, ...others] = leaves, { type, statement } = first;
  const claim = leaves.find((each) => each.type === "claim/v1")?.statement;
  const corrections = others.filter(isCorrection);
  const read = claim ? wordsOf(claim) : {}, newest = corrections.findLast((each) => Object.keys(each.statement.sections).length) ?? first;
  for (const each of corrections) for (const { field, now } of each.statement.wording) read[field] = now;
  return {
    registry: statement.registry, claim: claim?.claim ?? null, claim_type: claim?.type ?? null, standard: read.standard ?? null,
    claimant: identifiers(claim?.claimant), organiser: identifiers(claim?.organiser), subject: read.subject ?? null,
    period_begins: claim?.period.begins ?? null, period_ends: claim?.period.ends ?? null, claimed_at: claim?.executed_at ?? null,
    deadline: claim?.deadline ?? null, beneficiary: beneficiary(newest), project: statement.project ?? null,
    methodology: statement.methodology ?? null, vintage: statement.vintage ?? null,
    serials: type === "issuance/v1" ? [statement.serials] : (statement.ranges ?? []).map(serial(statement.issuance)),
    retired_at: type === "retirement/v1" ? statement.executed_at : null,
    sealed: leaves.flatMap((leaf) => sealedIn(leaf, first, newest)), corrected: corrected(corrections, first, newest),
    annulled: others.filter(isAnnulment).map(({ statement: { of, executed_at: at, reason } }) => ({ of, at, reason })),
  };
}

/** What is not opened: of the beneficiary, what was said last. */
function sealedIn(leaf, first, newest) {
  if (isCorrection(leaf) && leaf !== newest) return [];
  const opened = leaf.openings.map(({ label }) => label);
  if (leaf === first && leaf !== newest) opened.push("beneficiary");
  return Object.keys(leaf.statement.sections ?? {}).filter((label) => !opened.includes(label)).sort();
}

/** One line for each field: as it was first, and as it is to be read. */
function corrected(corrections, first, newest) {
  const found = new Map();
  for (const { statement: { wording, executed_at: at, reason } } of corrections) {
    for (const { field, was, now } of wording) found.set(field, { of: "claim", field, was: found.get(field)?.was ?? was, now, at, reason });
  }
  const lines = [...found.values()];
  if (newest !== first) {
    const { executed_at: at, reason } = newest.statement;
    lines.push({ of: "retirement", field: "beneficiary", was: beneficiary(first)?.name ?? null, now: beneficiary(newest)?.name ?? null, at, reason });
  }
  return lines;
}

function beneficiary({ openings }) {
  const text = openings.find((each) => each.label === "beneficiary")?.text;
  if (text === undefined) return null;
  const value = JSON.parse(text);
  if (typeof value?.name !== "string" || Array.isArray(value)) return { name: text, identifiers: [] };
  const given = Array.isArray(value.identifiers) ? value.identifiers : [];
  return { name: value.name, identifiers: identifiers(given.filter((each) => each && typeof each === "object" && !Array.isArray(each))) };
}
