// Undo and redo over everything in the form: a list of what it said, and where in the list we are.
const past = [];
let now = -1;
let typing;

const others = () => [...form.elements].filter((e) => e.name && !e.name.startsWith("b.") && !["csrf", "version", "do"].includes(e.name));

function snapshot() {
  return JSON.stringify({ fields: others().map((e) => (e.type === "checkbox" || e.type === "radio" ? e.checked : e.value)), blocks: readAll(top) });
}

function commit() {
  clearTimeout(typing);
  const state = snapshot();
  if (state === past[now]) return;
  past.splice(now + 1, past.length, state);
  if (past.length > 200) past.shift();
  now = past.length - 1;
  buttons();
}

function buttons() {
  form.querySelector('[data-do="undo"]').disabled = now <= 0;
  form.querySelector('[data-do="redo"]').disabled = now >= past.length - 1;
}

// restore brings back what the form said. Blocks that say the same stay the same elements, so that the focus stays too.
function restore(state) {
  const { fields, blocks } = JSON.parse(state);
  others().forEach((e, i) => {
    if (e.type === "checkbox" || e.type === "radio") e.checked = fields[i];
    else e.value = fields[i];
  });
  const focused = document.activeElement?.name;
  const kept = new Map();
  for (const block of blocksIn(top)) {
    const key = JSON.stringify(read(block));
    kept.set(key, [...(kept.get(key) || []), block]);
  }
  let fresh = null;
  const list = blocks.map((data) => kept.get(JSON.stringify(data))?.shift() || (fresh = build(data)));
  for (const old of blocksIn(top)) if (!list.includes(old)) old.remove();
  list.forEach((block, i) => { if (blocksIn(top)[i] !== block) top.insertBefore(block, blocksIn(top)[i] || null); });
  number();
  changed();
  const again = focused && form.elements[focused];
  if (!form.contains(document.activeElement)) {
    if (again?.focus && again.closest("[data-block]")) again.focus();
    else (fresh || blocksIn(top)[0])?.focus();
  }
}

function undo() {
  commit();
  if (now <= 0) return announce(say("nothingUndo"));
  restore(past[--now]);
  buttons();
  announce(say("undone"));
}

function redo() {
  if (now >= past.length - 1) return announce(say("nothingRedo"));
  restore(past[++now]);
  buttons();
  announce(say("redone"));
}

form.addEventListener("input", (event) => {
  if (!event.target.name) return;
  changed();
  clearTimeout(typing);
  typing = setTimeout(commit, 500);
});

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (key === "z" || key === "y") {
    event.preventDefault();
    if (key === "y" || event.shiftKey) redo();
    else undo();
  } else if (key === "s") {
    event.preventDefault();
    save({ asked: true });
  }
});
