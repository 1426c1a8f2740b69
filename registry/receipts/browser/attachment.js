// The receipts inside a certificate: registry/receipts/verifier/attachment.py, which says why no PDF is interpreted.
import { DOCUMENT_LIMIT_BYTES, refuse } from "./strict.js";

const LIMIT_BYTES = 1 << 23, ATTACHED_LIMIT = 100, TAIL = "\nendstream\nendobj\n";
const NAMED = /\/Type\/Filespec\/F\(([A-Za-z0-9._-]{1,100})\)\/UF\(\1\)\/EF<<\/F ([1-9][0-9]{0,6}) 0 R\/UF \2 0 R>>\/AFRelationship\/Source/g;
const HEAD = /<<\/Length ([1-9][0-9]{0,6})\/Type\/EmbeddedFile(\/Filter\/FlateDecode)?\/Subtype\/application#2Fjson\/Params<<[^<>]{0,200}>>>>\nstream\n/y;

export const isPdf = (bytes) => String.fromCharCode(...bytes.slice(0, 5)) === "%PDF-";

export async function attached(bytes) {
  if (bytes.length > LIMIT_BYTES) refuse(`a PDF of more than ${LIMIT_BYTES} bytes; no certificate is as long`);
  let text = "";  // one character a byte, so that places are those of the bytes
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  const found = [];
  for (const [, name, number] of text.matchAll(NAMED)) {
    if (found.length >= ATTACHED_LIMIT) refuse(`a PDF with more than ${ATTACHED_LIMIT} receipts`);
    found.push({ name, content: await contentOf(bytes, text, name, number) });
  }
  if (!found.length) {
    refuse("a PDF without a receipt in it. If it was saved anew by other software, use the file as it was downloaded, or " +
      "save the attached receipt and check that");
  }
  return found;
}

async function contentOf(bytes, text, name, number) {
  const start = `\n${number} 0 obj\n`, begins = text.indexOf(start);
  HEAD.lastIndex = begins + start.length;
  const head = begins >= 0 ? HEAD.exec(text) : null;
  if (!head) refuse(`the attached ${name} is damaged: its place in the PDF cannot be read`);
  const first = head.index + head[0].length, end = first + Number(head[1]);
  if (text.slice(end, end + TAIL.length) !== TAIL) refuse(`the attached ${name} is damaged: it does not end where the PDF says`);
  return head[2] ? inflated(name, bytes.slice(first, end)) : bytes.slice(first, end);
}

async function inflated(name, stored) {
  const parts = [];
  let size = 0;
  try {
    const reader = new Blob([stored]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      parts.push(read.value);
      size += read.value.length;
      if (size > DOCUMENT_LIMIT_BYTES) break;
    }
    if (size > DOCUMENT_LIMIT_BYTES) await reader.cancel();
  } catch { refuse(`the attached ${name} is damaged: it cannot be unpacked`); }
  if (size > DOCUMENT_LIMIT_BYTES) refuse(`the attached ${name} is damaged, or longer than ${DOCUMENT_LIMIT_BYTES} bytes`);
  const content = new Uint8Array(size);
  let at = 0;
  for (const part of parts) { content.set(part, at); at += part.length; }
  return content;
}
