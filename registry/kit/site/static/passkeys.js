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

class Refused extends Error {
  constructor(detail, title = "") {
    super(detail);
    this.title = title;
  }
}

async function post(address, body, firstKey) {
  const headers = { Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  if (firstKey) headers.Authorization = `Bearer ${firstKey}`;
  const answer = await fetch(address, { method: "POST", headers, body: body && JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Refused(said.detail, said.title);
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

// What a browser says about a passkey is in its own language, or in English: the page says it in its own.
function inWords(error, texts) {
  if (!(error instanceof DOMException)) return texts.failed;
  const known = {
    NotAllowedError: texts.cancelled,
    AbortError: texts.cancelled,
    InvalidStateError: texts.known,
    SecurityError: texts.insecure,
    NotSupportedError: texts.unsuited,
    ConstraintError: texts.unsuited,
  };
  return known[error.name] ?? texts.broken;
}

const firstKeyInAddress = () => /^#(kw_[A-Za-z0-9_-]+)$/.exec(location.hash)?.[1];

// The registry's detail is English; before it stands what it is called in the language of the page.
function refusal(error, door, problem) {
  const template = door.querySelector("[data-texts]");
  const detail = Object.assign(document.createElement("span"), { lang: "en", textContent: error.message });
  const titles = [...template.content.querySelectorAll("[data-title]")];
  const called = titles.find((each) => each.dataset.title === error.title);
  if (document.documentElement.lang.startsWith("en")) problem.replaceChildren(detail);
  else problem.replaceChildren(`${called?.textContent ?? template.dataset.refused} `, detail);
}

async function open(door) {
  const texts = door.querySelector("[data-texts]").dataset;
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
    if (error.title) refusal(error, door, problem);
    else problem.textContent = error instanceof Refused ? error.message : inWords(error, texts);
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
