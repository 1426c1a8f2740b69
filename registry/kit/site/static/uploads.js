// A file is sent with its progress, and its SHA-256 is shown before. Without a script the form sends it all the same.
const LARGEST_BYTES = 10 * 1024 * 1024;

async function digest(file, code) {
  if (!window.crypto?.subtle) return;
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  code.textContent = Array.from(found, (each) => each.toString(16).padStart(2, "0")).join("");
  code.parentElement.hidden = false;
}

function shown(sent) {
  const page = new DOMParser().parseFromString(sent.responseText, "text/html");
  const [old, fresh] = [document.querySelector("main"), page.querySelector("main")];
  if (sent.status < 400 || !fresh) {
    location.assign(sent.responseURL || location.href);
    return;
  }
  old.replaceWith(document.adoptNode(fresh));
  fresh.querySelector("[role=alert]")?.focus();
}

function send(form, area) {
  const [line, bar] = [form.querySelector(".progress"), form.querySelector("progress")];
  const words = line.querySelector("[role=status]");
  const request = new XMLHttpRequest();
  line.hidden = false;
  words.textContent = area.dataset.sending;
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = Math.round((event.loaded * 100) / event.total);
    words.textContent = `${area.dataset.sending} ${bar.value} %`;
  });
  request.addEventListener("load", () => shown(request));
  request.addEventListener("error", () => form.submit());
  request.open("POST", form.action);
  request.send(new FormData(form));
}

document.addEventListener("change", (event) => {
  const input = event.target;
  const area = input.closest?.("[data-upload]");
  if (!area || input.type !== "file" || !input.files.length) return;
  const large = input.files[0].size > LARGEST_BYTES;
  input.setCustomValidity(large ? area.dataset.large : "");
  if (large) input.reportValidity();
  else digest(input.files[0], area.querySelector(".digest code"));
});

document.addEventListener("submit", (event) => {
  const area = event.target.closest?.("[data-upload]");
  if (!area || event.defaultPrevented) return;
  event.preventDefault();
  send(event.target, area);
});
