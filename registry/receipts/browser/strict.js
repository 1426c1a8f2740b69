// Strict readings of bytes, texts and JSON: what registry/transparency/format/{text,strict_json}.py refuse is refused here.
import { formats } from "./formats.js";

/** The input does not have the form that its specification requires, or a signature or proof does not hold. */
export class Malformed extends Error {}

const INT_LIMIT = 2 ** 53;
export const DOCUMENT_LIMIT_BYTES = 1 << 20;
const DEPTH_LIMIT = 32;
export const SIZE_LIMIT = 1n << 63n;

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const bytesOf = (text) => utf8.encode(text);
export const refuse = (words) => { throw new Malformed(words); };
export const sameBytes = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const joined = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of parts) { whole.set(each, at); at += each.length; }
  return whole;
};
export const big = (bytes) => BigInt("0x" + (hex(bytes) || "0"));
export const bigEndian = (value, size) => Uint8Array.from({ length: size }, (_, at) => Number((value >> BigInt(8 * (size - 1 - at))) & 255n));
export const partition = (text, divider) => {
  const at = text.indexOf(divider);
  return at < 0 ? [text, "", ""] : [text.slice(0, at), divider, text.slice(at + divider.length)];
};

/** UTF-8, or Malformed. */
export function textOf(bytes) {
  try { return strictUtf8.decode(bytes); } catch { return refuse("the file is not UTF-8"); }
}

/** A text as the other verifier quotes it. */
export function quoted(text) {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = [...text].map((char) => {
    if (char === "\\" || char === mark) return "\\" + char;
    const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[char];
    if (named) return named;
    if (char === " " || !/[\p{C}\p{Z}]/u.test(char)) return char;
    const code = char.codePointAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  });
  return mark + inner.join("") + mark;
}

export function base64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Standard base64, one spelling a value. */
export function fromBase64(text) {
  if (!/^[\x00-\x7f]*$/.test(text) || !wholeQuads(text)) refuse("not standard base64");
  let inner;
  try { inner = atob(text); } catch { inner = null; }
  const bytes = inner === null ? null : Uint8Array.from(inner, (char) => char.charCodeAt(0));
  if (bytes === null || base64(bytes) !== text) refuse("base64 that is not in its one canonical spelling");
  return bytes;
}

/** Whether a lenient decoder finds groups of four in it: the other verifier's first look. */
function wholeQuads(text) {
  let quad = 0, pads = 0;
  for (const char of text) {
    if (char === "=") {
      if (quad >= 2 && quad + ++pads >= 4) return true;
    } else if (/[A-Za-z0-9+/]/.test(char)) {
      pads = 0;
      quad = (quad + 1) % 4;
    }
  }
  return quad === 0;
}

export function fromHash(text) {
  const bytes = fromBase64(text);
  return bytes.length === 32 ? bytes : refuse(`a hash has 32 bytes, this has ${bytes.length}`);
}

export function fromHex(text, size) {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) refuse("not hexadecimal");
  if (text.length !== 2 * size || text !== text.toLowerCase()) refuse(`expected ${2 * size} lower-case hexadecimal digits`);
  return Uint8Array.from({ length: size }, (_, at) => parseInt(text.slice(2 * at, 2 * at + 2), 16));
}

/** A decimal below 2^63 without sign or leading zero, as a BigInt. */
export function fromSize(text) {
  if (!/^[0-9]{1,19}$/.test(text)) refuse("not an ASCII decimal");
  const value = BigInt(text);
  return String(value) === text && value < SIZE_LIMIT ? value : refuse("a decimal with a leading zero, or not below 2^63");
}

/** JSON in its one canonical form (RFC 8785 under the profile of FORMAT.md). */
export function encode(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    return Number.isInteger(value) && Math.abs(value) < INT_LIMIT && !Object.is(value, -0)
      ? String(value) : refuse(`${value} is outside the profile: integers below 2^53, no floats, times YYYY-MM-DDTHH:MM:SSZ`);
  }
  if (typeof value === "string") return /\p{Surrogate}/u.test(value) ? refuse("a text that is no Unicode") : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(encode).join(",")}]`;
  const keys = Object.keys(value).sort();
  for (const key of keys) if (!/^[\x00-\x7f]*$/.test(key)) refuse(`JSON key ${quoted(key)} is not ASCII`);
  return `{${keys.map((key) => `${JSON.stringify(key)}:${encode(value[key])}`).join(",")}}`;
}

/** Any JSON within the limits, with its text. */
function parse(bytes) {
  if (bytes.length > DOCUMENT_LIMIT_BYTES) refuse(`a document of ${bytes.length} bytes; the limit is ${DOCUMENT_LIMIT_BYTES}`);
  const text = textOf(bytes);
  let depth = 0;
  for (const bracket of text.replace(/"[^"\\]*(?:\\[^][^"\\]*)*"?/g, "").replace(/[^[\]{}]/g, "")) {
    depth += "[{".includes(bracket) ? 1 : -1;
    if (depth > DEPTH_LIMIT) refuse(`JSON that is nested more than ${DEPTH_LIMIT} deep`);
  }
  try { return [JSON.parse(text), text]; } catch { return refuse("JSON is malformed"); }
}

/** Read what we would have written ourselves, byte for byte: *kind* names a form of the formats, none: any JSON. */
export function decodeStrict(bytes, kind) {
  const [value, text] = parse(bytes);
  const shown = kind ? fitting(value, kind, "$") : value;
  return encode(shown) === text ? filled(value, kind) : refuse("JSON that is not in its one canonical form (RFC 8785)");
}

/** The same for files that people read: indented by two spaces will do. */
export function decodeReadable(bytes, kind) {
  const [value, text] = parse(bytes);
  const canonical = encode(fitting(value, kind, "$"));
  const indented = `${JSON.stringify(JSON.parse(canonical), null, 2)}\n`;
  if (![canonical, `${canonical}\n`, indented].includes(text)) {
    refuse("JSON that is neither canonical nor the canonical form indented by two spaces (write it with the tool)");
  }
  return filled(value, kind);
}

/** A value without those members that have their default, for they are left out; Malformed if it is not of the form. */
function fitting(value, form, at) {
  if (typeof form === "string") return fitting(value, formats.$defs[form], at);
  if (form.anyOf) return fitting(value, alternative(value, form, at), at);
  if (form.enum) return form.enum.includes(value) ? value : refuse(`Invalid enum value ${quoted(String(value))} - at \`${at}\``);
  const type = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  const wanted = form.type === "integer" ? "number" : form.type ?? "object";
  if (type !== wanted) refuse(`Expected \`${wanted}\`, got \`${type}\` - at \`${at}\``);
  if (type === "number") return inBounds(value, form, at);
  if (type === "string") return ofLetters(value, form, at);
  if (type === "array") return ofItems(value, form, at);
  return type === "object" ? ofMembers(value, form, at) : value;
}

function alternative(value, form, at) {
  const kind = value && typeof value === "object" ? value.kind : undefined;
  const found = form.anyOf.find((each) => formats.$defs[each].properties.kind.enum.includes(kind));
  return found ?? refuse(`Invalid value - at \`${at}.kind\``);
}

function inBounds(value, form, at) {
  if (!Number.isInteger(value)) refuse(`Expected \`int\`, got \`float\` - at \`${at}\``);
  if (value < form.minimum || value > form.maximum) refuse(`Expected \`int\` within its bounds - at \`${at}\``);
  return value;
}

function ofLetters(value, form, at) {
  const long = [...value].length;
  if (long < form.minLength || long > form.maxLength) refuse(`Expected \`str\` within its length - at \`${at}\``);
  if (form.pattern && !new RegExp(form.pattern, "u").test(value)) refuse(`Expected \`str\` matching its pattern - at \`${at}\``);
  return value;
}

function ofItems(value, form, at) {
  if (value.length < form.minItems || value.length > form.maxItems) refuse(`Expected \`array\` within its length - at \`${at}\``);
  return value.map((each, number) => fitting(each, form.prefixItems?.[number] ?? form.items, `${at}[${number}]`));
}

function ofMembers(value, form, at) {
  const shown = {};
  for (const key of Object.keys(value)) {
    const inner = Object.hasOwn(form.properties ?? {}, key) ? form.properties[key] : form.additionalProperties;
    if (!inner || key === "__proto__") refuse(`Object contains unknown field \`${key}\` - at \`${at}\``);
    if (form.propertyNames) ofLetters(key, form.propertyNames, at);
    const kept = fitting(value[key], inner, `${at}.${key}`);
    if (inner.default === undefined || encode(kept) !== encode(inner.default)) shown[key] = kept;
  }
  for (const [key, { default: given }] of Object.entries(form.properties ?? {})) {
    if (given === undefined && !form.optional?.includes(key) && !Object.hasOwn(value, key)) refuse(`Object missing required field \`${key}\``);
  }
  if (form.title === "Identifier") checkIdentifier(value, at);
  return shown;
}

/** With the defaults of what was left out, at the top. */
function filled(value, kind) {
  if (!kind) return value;
  const defaults = Object.entries(formats.$defs[kind].properties).filter(([, form]) => form.default !== undefined);
  return { ...Object.fromEntries(defaults.map(([name, form]) => [name, form.default])), ...value };
}

const USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const LEI = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The last characters of a USCC (GB 32100-2015) and an LEI (ISO 17442) follow from the others. */
function checkIdentifier({ scheme, value }, at) {
  const [letters, length] = scheme === "uscc" ? [USCC, 18] : [LEI, 20];
  const wrong = () => refuse(`a ${scheme} whose check characters do not fit - at \`${at}\``);
  if (value.length !== length || [...value].some((char) => !letters.includes(char))) wrong();
  if (scheme === "uscc") {
    const sum = [...value.slice(0, 17)].reduce((all, char, place) => (all + USCC.indexOf(char) * Number(3n ** BigInt(place) % 31n)) % 31, 0);
    if (USCC[(31 - sum) % 31] !== value[17]) wrong();
  } else {
    const digits = BigInt([...value.slice(0, 18)].map((char) => LEI.indexOf(char)).join(""));
    if (String(98n - (digits * 100n) % 97n).padStart(2, "0") !== value.slice(18)) wrong();
  }
}
