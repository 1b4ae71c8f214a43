// Saving by itself: a moment after the last change. What could not be saved stays on the page and says so.
const stateLine = form.querySelector("[data-state]");
const conflictBox = form.querySelector("[data-conflict]");
let dirty = false;
let running = null; // the request that is under way
let conflicted = false;
let timer;
let failures = 0;

function tell(text, tone = "") {
  stateLine.textContent = text;
  stateLine.dataset.tone = tone;
}

function changed() {
  dirty = true;
  if (conflicted) return;
  if (stateLine.dataset.tone !== "bad") tell(say("unsaved"));
  clearTimeout(timer);
  timer = setTimeout(save, 1000);
}

// save sends the form and returns what became of it: saved, kept, conflict or failed.
async function save({ force = false, asked = false, leaving = false } = {}) {
  clearTimeout(timer);
  while (running) await running;
  if (conflicted && !force) return "conflict";
  let done;
  running = new Promise((resolve) => { done = resolve; });
  const data = new URLSearchParams(new FormData(form));
  data.set("do", force ? "force" : "stay");
  dirty = false;
  tell(say("saving"));
  let answer;
  try {
    const response = await fetch(form.getAttribute("action"), { method: "POST", body: data, headers: { Accept: "application/json" }, redirect: "manual", keepalive: leaving });
    answer = response.type === "opaqueredirect" ? { state: "failed", text: say("signedOut"), wait: true } : await understand(response);
  } catch {
    answer = { state: "failed", text: say("offline") };
  }
  running = null;
  done();
  settle(answer, asked);
  return answer.state;
}

async function understand(response) {
  if (!(response.headers.get("Content-Type") || "").includes("json")) return { state: "failed", text: say("failed") };
  const answer = await response.json();
  return answer.state ? answer : { state: "failed", text: say("failed") + " " + (answer.detail || "") };
}

function settle(answer, asked) {
  if (answer.state === "failed") {
    dirty = true;
    tell(answer.text, "bad");
    clearTimeout(timer);
    if (!answer.wait) timer = setTimeout(save, Math.min(60000, 5000 * 2 ** failures++));
    return;
  }
  failures = 0;
  if (answer.state === "conflict") {
    dirty = conflicted = true;
    tell(answer.text, "bad");
    conflictBox.replaceChildren(template("conflict").content.cloneNode(true));
    conflictBox.querySelector("[data-who]").textContent = answer.text;
    return;
  }
  conflicted = false;
  conflictBox.replaceChildren();
  form.elements.version.value = answer.version;
  if (answer.action && form.getAttribute("action") !== answer.action) {
    form.action = answer.action;
    history.replaceState(null, "", answer.action);
  }
  tell(answer.text, answer.state === "saved" ? "good" : "warn");
  if (answer.state === "saved") form.querySelector("[data-unfinished]")?.remove();
  faults(answer.errors || {}, asked);
  if (answer.panel) showPanel(answer.panel);
  look(answer.frame, answer.version);
  if (dirty) changed();
}

// faults puts what is wrong at its field. What was not filled in yet is told there only when somebody asked to save.
function faults(errors, asked) {
  for (const old of form.querySelectorAll(".error")) old.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  let first = null;
  for (const [name, text] of Object.entries(errors)) {
    const field = form.elements[name];
    if (!field?.closest || (!asked && valueOf(field) === "")) continue;
    const line = document.createElement("p");
    line.className = "error";
    line.id = field.id + "-error";
    line.textContent = text;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", [field.id + "-hint", line.id].filter((id) => id === line.id || document.getElementById(id)).join(" "));
    field.closest(".field, .choice")?.append(line);
    first ||= field;
  }
  if (asked && first) {
    show("write");
    first.closest("details")?.setAttribute("open", "");
    first.focus();
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const verb = event.submitter?.value || "save";
  if (verb === "force") return save({ force: true, asked: true });
  const state = await save({ asked: true });
  if (verb === "save" && state === "saved") location.href = form.getAttribute("action").replace(/\/edit$/, "");
});

form.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theirs]")) return;
  event.preventDefault();
  dirty = false;
  location.reload();
});

document.addEventListener("visibilitychange", () => { if (document.hidden && dirty && !conflicted) save({ leaving: true }); });
addEventListener("online", () => { if (dirty && !conflicted) save(); });
addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
