// Keys that lead through the site: g and a letter to a screen, n for new, / to search, ? for help, Ctrl+K to find. Single
// letters can be turned off on the help sheet, for this browser (WCAG 2.2, 2.1.4).
const sheet = document.getElementById("shortcuts");
const finder = document.getElementById("finder");
const box = document.getElementById("find");
const options = [...document.querySelectorAll("#found [role=option]")];
const people = document.getElementById("found-people");
const choice = document.getElementById("keys-on");
const off = () => { try { return localStorage.getItem("keys") === "off"; } catch { return false; } };

document.querySelector("[data-keys-choice]").hidden = false;
choice.checked = !off();
choice.addEventListener("change", () => {
  try {
    if (choice.checked) localStorage.removeItem("keys");
    else localStorage.setItem("keys", "off");
  } catch { /* it holds until the page is left */ }
});

const typing = (target) => target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
let leading = 0; // until when a letter after g counts

document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && key === "k" && !event.defaultPrevented) {
    event.preventDefault();
    return open();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
  if (off() || !choice.checked || typing(event.target) || document.querySelector("dialog[open], [popover]:popover-open:not(#nav)")) return;
  if (event.key === "?") {
    event.preventDefault();
    sheet.showPopover();
    sheet.querySelector("button").focus();
  } else if (Date.now() < leading) {
    leading = 0;
    const to = options.find((o) => o.dataset.key === key);
    if (to) {
      event.preventDefault();
      location.assign(to.dataset.url);
    }
  } else if (key === "g") {
    leading = Date.now() + 1500;
  } else if (key === "n") {
    const link = document.querySelector('main a[href$="/new"]');
    if (link) {
      event.preventDefault();
      link.click();
    }
  } else if (event.key === "/") {
    event.preventDefault();
    const field = document.querySelector("main input[type=search], main .searchbox input");
    if (field) field.focus();
    else open();
  }
});

function open() {
  box.value = "";
  finder.showPopover();
  narrow();
  box.focus();
}

const shown = () => options.filter((o) => !o.hidden);

function narrow() {
  const words = box.value.trim().toLowerCase();
  for (const o of options) if (o !== people) o.hidden = !o.textContent.toLowerCase().includes(words);
  if (people) {
    people.hidden = words.length < 2;
    people.querySelector("[data-what]").textContent = box.value.trim();
  }
  point(shown()[0]);
}

function point(option) {
  for (const o of options) o.setAttribute("aria-selected", String(o === option));
  if (option) {
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    box.removeAttribute("aria-activedescendant");
  }
}

function go(option) {
  if (option) location.assign(option.dataset.url || option.dataset.search + encodeURIComponent(box.value.trim()));
}

box.addEventListener("input", narrow);
box.addEventListener("keydown", (event) => {
  const list = shown();
  const at = list.findIndex((o) => o.getAttribute("aria-selected") === "true");
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by && list.length) {
    event.preventDefault();
    point(list[(at + by + list.length) % list.length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    go(list[at]);
  }
});
document.getElementById("found").addEventListener("click", (event) => go(event.target.closest("[role=option]")));
