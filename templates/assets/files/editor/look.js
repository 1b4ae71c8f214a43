// The preview is the mail itself, rendered by the sender and shown in a sandbox. This part asks for it anew.
const stage = form.querySelector("[data-stage]");
const controls = form.querySelector("[data-look]");
const reader = form.querySelector("[data-look-as]");
const language = form.querySelector("[data-look-language]");
const chosen = { way: "desk", scheme: "light" };
let frame = form.querySelector("[data-frame]");
let frameURL = frame?.getAttribute("src").split("?")[0];
let stamp = "";

function look(url = frameURL, version = stamp) {
  if (!url) return;
  frameURL = url;
  stamp = version;
  const query = new URLSearchParams({ draft: "1", scheme: chosen.scheme, v: version });
  if (chosen.way === "text") query.set("way", "text");
  if (language.value) query.set("language", language.value);
  if (reader.value && reader.validity.valid) query.set("as", reader.value);
  const src = url + "?" + query;
  if (!frame) {
    frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "");
    frame.className = "mailframe";
    frame.title = form.querySelector("#preview").textContent;
    stage.replaceChildren(frame);
  }
  if (frame.getAttribute("src") !== src) frame.src = src;
  stage.dataset.way = chosen.way;
  fit();
}

// fit shrinks the mail so that a desktop's width fits beside the editor.
function fit() {
  if (!frame) return;
  const width = chosen.way === "phone" ? 390 : 680;
  const scale = Math.min(1, stage.clientWidth / width);
  const height = Math.max(360, innerHeight - (matchMedia("(max-width: 70rem)").matches ? 260 : 400)); // the checks begin in sight
  frame.style.inlineSize = (chosen.way === "text" ? stage.clientWidth : Math.max(width, chosen.way === "desk" ? stage.clientWidth : 0)) + "px";
  frame.style.blockSize = (chosen.way === "text" ? height : height / scale) + "px";
  frame.style.transform = chosen.way === "text" ? "" : `scale(${scale})`;
  stage.style.blockSize = height + "px";
}
new ResizeObserver(() => requestAnimationFrame(fit)).observe(stage);

controls.addEventListener("click", (event) => {
  const button = event.target.closest("[data-look-set]");
  if (!button) return;
  chosen[button.dataset.lookSet] = button.value;
  for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
  look();
});
language.addEventListener("change", () => look());
reader.addEventListener("change", () => look());

let asking;
reader.addEventListener("input", () => {
  clearTimeout(asking);
  asking = setTimeout(async () => {
    if (!reader.dataset.people || reader.value.length < 2) return;
    try {
      const list = await (await fetch(reader.dataset.people + "?q=" + encodeURIComponent(reader.value))).json();
      document.getElementById("look-people").replaceChildren(...list.map((p) => {
        const option = document.createElement("option");
        option.value = p.email;
        option.label = p.name || p.email;
        return option;
      }));
    } catch { /* suggestions are a convenience */ }
  }, 250);
});
for (const e of [reader, language]) e.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); look(); } });

// The panel of checks, and the way from a check to its block.
function showPanel(html) {
  const panel = form.querySelector("[data-panel]");
  panel.innerHTML = html; // of our own templates, which escape
  const found = panel.querySelector("[data-found]")?.dataset.found || "0";
  const count = form.querySelector("[data-faults]");
  count.textContent = found;
  count.hidden = found === "0";
}

form.addEventListener("click", (event) => {
  const link = event.target.closest("[data-spot]");
  const to = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!to) return;
  event.preventDefault();
  show("write");
  to.closest("details")?.setAttribute("open", "");
  to.scrollIntoView({ block: "center" });
  (to.matches("[data-block]") ? to.querySelector("[aria-invalid], :invalid, input:not([type=hidden]), textarea") || to : to).focus({ preventScroll: true });
});

// On a narrow screen the parts are tabs.
const tabs = form.querySelector("[data-tabs]");
function show(name) {
  for (const tab of tabs.querySelectorAll("[data-tab]")) {
    tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
    tab.tabIndex = tab.dataset.tab === name ? 0 : -1;
  }
  form.dataset.shown = name;
  fit();
}
tabs.addEventListener("click", (event) => { const tab = event.target.closest("[data-tab]"); if (tab) show(tab.dataset.tab); });
tabs.addEventListener("keydown", (event) => {
  const list = [...tabs.querySelectorAll("[data-tab]")].filter((tab) => tab.offsetParent);
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key] * (document.documentElement.dir === "rtl" ? -1 : 1);
  if (!by) return;
  const next = list[(list.indexOf(document.activeElement) + by + list.length) % list.length];
  next.focus();
  show(next.dataset.tab);
});
