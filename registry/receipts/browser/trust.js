// Reading trust.json: every key is checked when it is loaded, before it has verified anything.
import { bytesOf, decodeReadable, hex, refuse } from "./strict.js";
import { COSIGNATURE_ML_DSA_44, ED25519, parseKey, parsePolicy } from "./log.js";

export const LOG_KINDS = [ED25519, COSIGNATURE_ML_DSA_44];

export function loadTrust(bytes) {
  const trust = decodeReadable(bytes, "Trust");
  if ((trust.format === "kilnwood-trust/v1") === Boolean(trust.earlier_policies.length || trust.registry)) {
    refuse(`a file of ${trust.format} with ${trust.earlier_policies.length} earlier policies and the registry ` +
      `${trust.registry || "not named"}: version 2 has one of these, version 1 none`);
  }
  const size = bytesOf(trust.origin).length;
  if (size > 255) refuse(`an origin of ${size} bytes; the limit is 255`);
  const issuers = trust.issuers.map((each) => inForce(each, [ED25519]));
  const logs = trust.logs.map((each) => inForce(each, LOG_KINDS));
  const policies = loadPolicies(trust);
  requireNames(issuers, `${trust.origin}/issuer`);
  requireNames(logs, trust.origin);
  if (new Set(logs.map((each) => each.key.kind)).size !== 2) refuse("log keys of both types are required: Ed25519 (0x01) and ML-DSA-44 (0x06)");
  if (policies.some(({ policy }) => policy.logs.some((key) => key.name !== trust.origin))) refuse(`the policy lists a log that is not ${trust.origin}`);
  requireKeysApart(issuers, logs, policies.map(({ policy }) => policy));
  return { number: trust.number, origin: trust.origin, registry: trust.registry ?? null, issuers, logs, policies };
}

export const isSimulated = (trust) => `${trust.origin}/`.includes("/sim/");
export const policyAt = (trust, leaf) => trust.policies.find(({ end }) => end === undefined || leaf < end).policy;
export const checkpointKeys = (trust) => [
  ...trust.logs.map((each) => each.key), ...trust.policies.flatMap(({ policy }) => [...policy.logs, ...policy.witnesses.values()]),
];

function inForce({ vkey, from, to }, kinds) {
  const key = parseKey(vkey);
  if (!kinds.includes(key.kind)) refuse(`the key ${key.name} has type 0x${key.kind.toString(16).padStart(2, "0")}, which does not fit its place`);
  if (to !== undefined && to <= from) refuse(`the key ${key.name} counts from leaf ${from} to before ${to}: nowhere`);
  return {
    key, countsAt: (leaf) => from <= leaf && (to === undefined || leaf < to),
    span: to === undefined ? `leaves from ${from}` : `leaves ${from} to ${to - 1}`,
  };
}

function loadPolicies(trust) {
  const ends = trust.earlier_policies.map((each) => each.to);
  if (ends.some((end, at) => at && end <= ends[at - 1])) refuse("the earlier policies do not stand in the order of their ends, each after the one before");
  return [...trust.earlier_policies.map(({ policy, to }) => ({ end: to, policy: parsePolicy(policy) })), { end: undefined, policy: parsePolicy(trust.policy) }];
}

function requireNames(keys, name) {
  for (const { key } of keys) if (key.name !== name) refuse(`the key ${key.name} does not bear the name ${name}`);
}

function requireKeysApart(issuers, logs, policies) {
  const publics = (keys) => keys.map((key) => hex(key.bytes));
  const witnesses = new Set(policies.flatMap((policy) => publics([...policy.witnesses.values()])));
  const listed = policies.flatMap((policy) => publics(policy.logs));
  const own = publics([...issuers, ...logs].map((each) => each.key));
  const all = [...own, ...witnesses], others = new Set([...witnesses, ...publics(issuers.map((each) => each.key))]);
  if (new Set(all).size !== all.length || listed.some((each) => others.has(each))) refuse("the same public key stands in two places of the trust file");
}
