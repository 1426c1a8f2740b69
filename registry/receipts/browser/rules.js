// What makes a statement sensible: registry/transparency/format/statement_rules.py, rule for rule.
import { quoted, refuse } from "./strict.js";

const PURPOSES = { contribution: "contribution", compliance: "compliance" };
const repeats = (list) => new Set(list).size !== list.length;

export function checkStatement(type, statement) {
  requireReal("executed_at", statement.executed_at);
  if (type === "claim/v1") {
    requireReal("period.begins", statement.period.begins);
    requireReal("period.ends", statement.period.ends);
    if (statement.deadline !== undefined) requireReal("deadline", statement.deadline);
  }
  if (statement.ranges) checkRanges(statement.ranges, statement.quantity_kg);
  if (type === "claim/v1") checkClaimTerms(statement);
  if (type === "issuance/v1") checkIssuance(statement);
  if (type === "retirement/v1" && statement.allocates_kg > statement.quantity_kg) {
    refuse(`${statement.allocates_kg} kg allocated of ${statement.quantity_kg} kg retired`);
  }
  if (type === "correction/v1") checkCorrection(statement);
  if (type === "recovery/v1") checkRecovery(statement);
  if (type === "annulment/v1") checkPersons(statement.approvers);
}

export function checkRetirement(retirement, claim) {
  if (retirement.registry !== claim.registry) refuse(`the retirement is of ${quoted(retirement.registry)}, its claim of ${quoted(claim.registry)}`);
  if (retirement.executed_at < claim.executed_at) refuse(`retired ${retirement.executed_at}, before the claim of ${claim.executed_at}`);
  const purpose = PURPOSES[claim.type] ?? "claim";
  if (retirement.purpose !== purpose) {
    refuse(`the purpose ${quoted(retirement.purpose)} against a claim of type ${quoted(claim.type)}, not ${quoted(purpose)}`);
  }
  if (claim.type !== "contribution" && retirement.allocates_kg > claim.required_kg) {
    refuse(`${retirement.allocates_kg} kg allocated to a claim that requires ${claim.required_kg} kg`);
  }
  if (claim.new_forest && !retirement.methodology.startsWith("forest-sink/")) {
    refuse(`the claim takes credits of new forest only, these are of ${retirement.methodology}`);
  }
}

/** A correction or an annulment against the statement that it is about. */
export function checkAbout(later, earlier, kind) {
  if (later.registry !== earlier.registry) refuse(`it is of ${quoted(later.registry)}, what it is about of ${quoted(earlier.registry)}`);
  if (later.executed_at < earlier.executed_at) refuse(`${later.executed_at} is before what it is about, ${earlier.executed_at}`);
  if (later.annuls) return later.of !== kind && refuse(`the annulment of a ${later.of}, and it names a ${kind}`);
  const words = later.wording.length, parts = Object.keys(later.sections).length;
  if (!(kind === "claim" ? words : parts) || (words && parts)) {
    refuse(`a correction of a ${kind} is of its ${kind === "claim" ? "words" : "beneficiary"} only`);
  }
}

/** That what a correction replaces is what is read there now, where that is known. */
export function checkWords(wording, reads) {
  for (const { field, was } of wording) {
    if (Object.hasOwn(reads, field) && was !== reads[field]) refuse(`${field} reads ${quoted(reads[field])}, the correction is of ${quoted(was)}`);
  }
}

function requireReal(what, moment) {
  const [year, month, day, hour, minute, second] = moment.match(/\d+/g).map(Number);
  const days = [31, (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  const real = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] && hour < 24 && minute < 60 && second < 60;
  if (!real) refuse(`${what} ${moment} is no moment of the calendar`);
}

function checkRanges(ranges, quantity) {
  requireApart(ranges);
  const total = ranges.reduce((sum, [first, last]) => sum + BigInt(last) - BigInt(first) + 1n, 0n);
  if (total !== BigInt(quantity)) refuse(`the ranges hold ${total} kg, the statement says ${quantity} kg`);
}

function requireApart(ranges) {
  if (!ranges.every(([first, last], at) => first <= last && (at === 0 || ranges[at - 1][1] < first))) {
    refuse("the ranges are not in order, or a kilogram stands in two of them");
  }
}

function checkIssuance(issuance) {
  const serials = `${issuance.issuance}:1-${issuance.quantity_kg}kg`;
  if (issuance.serials !== serials) refuse(`the serials are ${issuance.serials}, the quantity gives ${serials}`);
  requireApart(issuance.buffer_ranges);
  const end = issuance.buffer_ranges.at(-1)?.[1];
  if (end > issuance.quantity_kg) refuse(`the buffer ends at ${end}, after the issuance ${issuance.quantity_kg}`);
  if (repeats(issuance.approvers)) refuse(`one approver twice: ${issuance.approvers.join(", ")}`);
}

function checkClaimTerms(claim) {
  if (claim.period.begins > claim.period.ends) refuse(`the period ends ${claim.period.ends}, before it begins, ${claim.period.begins}`);
  checkFootprint(claim);
  if (claim.attendee !== undefined) checkAttendee(claim, claim.attendee);
  if (claim.power) checkPower(claim, claim.power);
  if (claim.reduce_first) checkReduceFirst(claim, claim.reduce_first);
  if (claim.type === "scene") {
    if (claim.about?.kind !== "scene") refuse("a claim of a scene that does not say which scene it is about");
    if (!claim.reduce_first) refuse("a claim of a scene that does not say what came before offsetting");
  }
  if (claim.type === "contribution") {
    if (claim.required_kg) refuse(`a contribution requires nothing, this one ${claim.required_kg} kg`);
    if (claim.deadline !== undefined) refuse(`a contribution has no deadline, this one ${claim.deadline}`);
    return;
  }
  if (claim.required_kg !== claim.footprint_kg) refuse(`${claim.required_kg} kg required for a footprint of ${claim.footprint_kg} kg`);
  if (claim.deadline !== undefined) checkDeadline(claim, claim.deadline);
}

function checkAttendee(claim, number) {
  if (claim.type !== "event" || claim.about?.kind !== "event") refuse(`a share of attendee ${number}, and not of an event`);
  if (claim.organiser.length) refuse(`attendee ${number} is called the organiser`);
  if (claim.exclusive) refuse(`the share of attendee ${number} is called exclusive`);
}

function checkPower({ footprint_kg }, { used_kwh, green_kwh, market_based_kg }) {
  if (green_kwh > used_kwh) refuse(`${green_kwh} kWh of green power of ${used_kwh} kWh used`);
  if (market_based_kg > footprint_kg) refuse(`power of ${market_based_kg} kg in a footprint of ${footprint_kg} kg`);
}

function checkReduceFirst({ type, required_kg, reductions_kg, power, about, sections }, first) {
  const a = `a claim of type ${quoted(type)}`, { before_kg, green_power_kg, cap_permille, plan, plan_verifier } = first;
  if (!["organisation", "scene", "person"].includes(type)) refuse(`reduce_first in ${a}`);
  const sum = BigInt(required_kg) + BigInt(green_power_kg) + BigInt(reductions_kg);
  if (BigInt(before_kg) !== sum) refuse(`${before_kg} kg before reducing; required, green power and reductions give ${sum}`);
  if (BigInt(required_kg) * 1000n > BigInt(before_kg) * BigInt(cap_permille)) {
    refuse(`${required_kg} kg to offset of ${before_kg} kg; the cap is ${cap_permille} thousandths`);
  }
  if (green_power_kg && !power?.green_kwh) refuse(`${green_power_kg} kg less by green power, and no kilowatt-hour of it`);
  if (!plan !== !plan_verifier) refuse("a reduction plan and who verified it come together");
  if (type !== "person" && !plan) refuse(`${a} without a verified reduction plan`);
  if (type === "person" && (about || !Object.hasOwn(sections, "responsible_person"))) {
    refuse("a person stands in the section responsible_person, and nowhere else");
  }
}

function checkFootprint(claim) {
  const categories = claim.footprint.map((each) => each.category);
  if (repeats(categories)) refuse(`a category stands twice in the footprint: ${categories.join(", ")}`);
  const total = claim.footprint.reduce((sum, each) => sum + BigInt(each.mass_kg), 0n);
  const over = total - BigInt(claim.footprint_kg);
  if (categories.length && !(over >= 0n && over < categories.length)) {
    refuse(`the categories come to ${total} kg, the footprint is ${claim.footprint_kg} kg`);
  }
}

function checkDeadline(claim, deadline) {
  if (deadline < claim.executed_at) refuse(`the deadline ${deadline} had passed when the claim was made, ${claim.executed_at}`);
  if (deadline < claim.period.ends) refuse(`the deadline ${deadline} is before the subject's period ends, ${claim.period.ends}`);
  const years = Number(deadline.slice(0, 4)) - Number(claim.period.ends.slice(0, 4));
  if (years > 6) refuse(`a deadline ${years} years after the subject; new forest has 6`);
}

function checkCorrection(correction) {
  const fields = correction.wording.map((each) => each.field), sections = Object.keys(correction.sections);
  if (!fields.length && !sections.length) refuse("a correction that corrects nothing");
  if (repeats(fields)) refuse(`a field is corrected twice: ${fields.join(", ")}`);
  const others = [
    ...fields.filter((each) => !["subject", "standard", "boundary", "exclusions"].includes(each)),
    ...sections.filter((each) => each !== "beneficiary"),
  ];
  if (others.length) refuse(`corrections are of words and of the beneficiary, this one is of ${[...new Set(others)].sort().join(", ")}`);
  const same = correction.wording.find((each) => each.was === each.now);
  if (same) refuse(`the correction leaves ${same.field} as it was`);
}

function checkRecovery({ act, persons }) {
  const most = ["confirm-suspension", "lift-suspension"].includes(act) ? 2 : 1;
  if (persons.length > most) refuse(`${act} of ${persons.length} people; it is about ${most} at most`);
  checkPersons(persons);
}

function checkPersons(persons) {
  if (repeats(persons)) refuse(`one person twice: ${persons.join(", ")}`);
}
