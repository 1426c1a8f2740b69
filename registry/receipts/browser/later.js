// What was said later about a retirement and its claim: registry/receipts/verifier/later.py.
import { quoted } from "./strict.js";
import { checkAbout, checkWords } from "./rules.js";
import { bundleInside, carriesMore, checkLeaf, checkRules } from "./leaf.js";

export const isCorrection = (leaf) => leaf.type === "correction/v1";
export const isAnnulment = (leaf) => leaf.type === "annulment/v1";
/** What of a claim's words can be corrected. */
export const wordsOf = ({ subject, standard, boundary, exclusions }) => ({ subject, standard, boundary, exclusions });
export const inWords = ({ of, executed_at, reason }) =>
  `the ${of} was annulled on ${executed_at} because ${quoted(reason)}; the kilograms stay retired and count for nothing`;

/** The annulments among what a file carries of later statements about *named*, the retirement and its claim. */
export function checkLater({ later }, named, trust, checks, leaves) {
  const readings = named.map((leaf) => ({ leaf, last: 0, annulled: false, words: leaf.type === "claim/v1" ? wordsOf(leaf.statement) : {} }));
  const annulments = [];
  let before = -1n;
  later.forEach((each, at) => checks.inside(`later ${at + 1}`, () => {
    const found = checkOne(bundleInside(each), named[0], trust, checks);
    checks.require(found.index > before, "order", `leaf ${found.index} does not come after leaf ${before}`);
    before = found.index;
    leaves.push(found);
    checkTarget(found, readings, checks);
    if (isAnnulment(found)) annulments.push(found);
  }));
  const corrections = later.length - annulments.length;
  checks.require(corrections <= 32, "later", `${corrections} corrections; a file carries the newest 32`);
  return annulments;
}

function checkOne(bundle, leaf, trust, checks) {
  const plain = bundle.format === "kilnwood-receipt/v2" && bundle.sha256 !== undefined;
  checks.require(plain && !carriesMore(bundle), "file", "it is no bundle of version 2, or carries more than one statement");
  const found = checkLeaf(bundle, trust, checks, leaf.head);
  checks.require(found.head === leaf.head, "one log", "it does not stand under the receipt's own checkpoint");
  checkRules(found, trust, checks);
  return found;
}

function checkTarget(found, readings, checks) {
  const { statement, index, type } = found;
  checks.require(isCorrection(found) || isAnnulment(found), "target", `${type} is neither a correction nor an annulment`);
  const target = statement.annuls ?? statement.corrects;
  const reading = readings.find(({ leaf }) => leaf.hash === target);
  checks.require(reading, "target", `it is about ${target}, neither the retirement nor its claim`);
  const { leaf } = reading, [what] = leaf.type.split("/");
  checks.require(index > leaf.index, "target", `leaf ${index} does not come after what it is about, leaf ${leaf.index}`);
  checks.checking("target", () => checkAbout(statement, leaf.statement, what));
  if (isCorrection(found)) return correct(reading, statement, what, checks);
  checks.require(!reading.annulled, "annulment", `the ${what} is annulled twice`);
  reading.annulled = true;
  checks.note("annulment", inWords(statement));
}

function correct(reading, { number, wording, sections, reason, executed_at }, what, checks) {
  if (!reading.last && number > 1) {
    checks.note("number", `corrections before number ${number} are not in the file: other words may be older`);
    reading.words = {};
  } else checks.require(number === reading.last + 1, "number", `correction ${number} follows ${reading.last}: one is missing, or they repeat`);
  checks.checking("words", () => checkWords(wording, reading.words));
  for (const each of wording) reading.words[each.field] = each.now;
  reading.last = number;
  const changes = [
    ...wording.map((each) => `${each.field} ${quoted(each.was)} is to be read ${quoted(each.now)}`),
    ...Object.keys(sections).map((label) => `${label} is another`),
  ];
  checks.note("correction", `number ${number} of the ${what}, ${executed_at}: ${changes.join("; ")}; because ${quoted(reason)}`);
}
