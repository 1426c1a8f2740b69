// Passkeys: an invitation becomes one, a person signs in with one, or makes a further one.
// The page has what is said in its language; the registry decides everything.

const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

// Browsers from before 2024 do not read the options as JSON themselves.
const described = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));
const creation = (options) =>
  PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: described(options.excludeCredentials),
  };
const request = (options) =>
  PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: described(options.allowCredentials),
  };

class Refused extends Error {}

async function post(address, body, firstKey) {
  const headers = { Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  if (firstKey) headers.Authorization = `Bearer ${firstKey}`;
  const answer = await fetch(address, { method: "POST", headers, body: body && JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Refused(said.detail);
  return said;
}

async function make(firstKey) {
  const { public_key } = await post("/v1/me/passkeys/begin", null, firstKey);
  const made = await navigator.credentials.create({ publicKey: creation(public_key) });
  const body = {
    credential_id: base64url(made.rawId),
    client_data: base64url(made.response.clientDataJSON),
    attestation: base64url(made.response.attestationObject),
  };
  await post("/v1/me/passkeys", body, firstKey);
}

async function signIn() {
  const { public_key } = await post("/v1/sign-in/begin");
  const used = await navigator.credentials.get({ publicKey: request(public_key) });
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
  const body = {
    credential_id: base64url(used.rawId),
    client_data: base64url(clientDataJSON),
    authenticator_data: base64url(authenticatorData),
    signature: base64url(signature),
  };
  if (userHandle?.byteLength) body.user_handle = base64url(userHandle);
  await post("/v1/sign-in", body);
}

// The page brings the refusals in its own language, each under the English text, with numbered gaps for values.
function inLanguage(detail, template) {
  for (const each of template.content.children) {
    const words = each.dataset.english.split(/\{\d\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const values = new RegExp(`^${words.join("(.*)")}$`).exec(detail);
    if (values) return each.textContent.replace(/\{(\d)\}/g, (_, gap) => values[Number(gap) + 1]);
  }
  return null;
}

// What a browser says when a device fails, by the name of its exception; its own words are English.
function ofTheDevice(error, texts) {
  const known = {
    ...{ NotAllowedError: texts.cancelled, AbortError: texts.cancelled, InvalidStateError: texts.known },
    ...{ SecurityError: texts.elsewhere, NotSupportedError: texts.unfit, ConstraintError: texts.unfit },
  };
  if (error instanceof DOMException) return known[error.name] ?? `${texts.broken} (${error.name})`;
  return error instanceof TypeError ? texts.failed : `${texts.failed} (${error.name})`;
}

const firstKeyInAddress = () => /^#(kw_[A-Za-z0-9_-]+)$/.exec(location.hash)?.[1];

async function open(door) {
  const template = door.querySelector("[data-texts]");
  const texts = template.dataset;
  const [problem, button] = [door.querySelector(".problem"), door.querySelector("button")];
  problem.hidden = true;
  button.disabled = true;
  try {
    if (door.dataset.passkey === "sign-in") await signIn();
    else if (door.dataset.passkey === "further") await make();
    else if (firstKeyInAddress()) await make(firstKeyInAddress());
    else throw new Refused(texts.noKey);
    location.replace(door.dataset.then);
  } catch (error) {
    const refused = error instanceof Refused;
    const ours = refused ? inLanguage(error.message, template) : ofTheDevice(error, texts);
    problem.textContent = ours ?? error.message;
    problem.lang = ours || error.message === texts.noKey ? "" : "en";
    problem.hidden = false;
    button.disabled = false;
  }
}

function ready() {
  for (const door of document.querySelectorAll("[data-passkey]")) {
    const able = Boolean(window.PublicKeyCredential && navigator.credentials);
    const without = door.querySelector("[data-without]");
    door.querySelector("button").hidden = !able;
    without.hidden = able;
    if (!able) without.textContent = door.querySelector("[data-texts]").dataset.unable;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-passkey] button");
  if (button) open(button.closest("[data-passkey]"));
});
ready();
