// Markdown without knowing it, and merge fields. Text goes in as if it were typed.
function insert(field, text, from, to) {
  field.focus();
  const length = field.value.length;
  field.setRangeText(text, from ?? field.selectionStart, to ?? field.selectionEnd, "end");
  if (length !== field.value.length || text) field.dispatchEvent(new Event("input", { bubbles: true }));
}

// around puts signs around the selection, or takes them away again.
function around(field, sign, word) {
  const { selectionStart: a, selectionEnd: b, value } = field;
  const size = sign.length;
  if (value.slice(a - size, a) === sign && value.slice(b, b + size) === sign) {
    insert(field, value.slice(a, b), a - size, b + size);
    field.setSelectionRange(a - size, b - size);
    return;
  }
  const inner = value.slice(a, b) || word;
  insert(field, sign + inner + sign, a, b);
  field.setSelectionRange(a + size, a + size + inner.length);
}

function linked(field) {
  const { selectionStart: a, selectionEnd: b, value } = field;
  const words = value.slice(a, b) || say("linkWord");
  insert(field, `[${words}](https://)`, a, b);
  const at = a + words.length + 3;
  field.setSelectionRange(at, at + 8);
}

function listed(field) {
  const { value } = field;
  const a = value.lastIndexOf("\n", field.selectionStart - 1) + 1;
  const end = value.indexOf("\n", field.selectionEnd);
  const b = end < 0 ? value.length : end;
  const lines = value.slice(a, b).split("\n");
  const all = lines.every((line) => line.startsWith("- "));
  const text = lines.map((line) => (all ? line.slice(2) : "- " + (line || say("itemWord")))).join("\n");
  const gap = !all && a > 1 && value[a - 2] !== "\n" && !value.slice(0, a - 1).split("\n").pop().startsWith("- ") ? "\n" : "";
  insert(field, gap + text, a, b);
  field.setSelectionRange(a + gap.length, a + gap.length + text.length);
}

const tools = {
  bold: (field) => around(field, "**", say("boldWord")),
  italic: (field) => around(field, "*", say("boldWord")),
  link: linked,
  list: listed,
  merge: (field) => merge(field),
};

const merging = document.getElementById("merge-dialog");
let target = null; // the field that a merge field goes into, and where
function merge(field) {
  target = { field, from: field.selectionStart, to: field.selectionEnd };
  merging.returnValue = "";
  merging.showModal();
}

const mergeField = document.getElementById("merge-field");
const mergeName = document.getElementById("merge-attribute");
const mergeFallback = document.getElementById("merge-fallback");
function mergeParts() {
  const own = mergeField.value === "attributes.";
  merging.querySelector("[data-attribute]").hidden = !own;
  mergeName.required = own;
  merging.querySelector("[data-fallback]").hidden = mergeField.value.endsWith("_url");
}
mergeField.addEventListener("change", mergeParts);

merging.addEventListener("close", () => {
  if (!target) return;
  const { field, from, to } = target;
  target = null;
  if (merging.returnValue !== "insert") return field.focus();
  const name = mergeField.value === "attributes." ? "attributes." + mergeName.value : mergeField.value;
  const fallback = mergeFallback.value.replace(/[\\"]/g, "\\$&");
  insert(field, name.endsWith("_url") ? `{{ ${name} }}` : `{{ ${name} | "${fallback}" }}`, from, to);
});

// equip gives a text its tools: a bar for Markdown, one button for a line.
function equip(field) {
  const bar = template("toolbar").content.firstElementChild.cloneNode(true);
  if (field.tagName !== "TEXTAREA") {
    for (const tool of [...bar.querySelectorAll("[data-tool]")]) if (tool.dataset.tool !== "merge") tool.remove();
    bar.removeAttribute("role");
    bar.removeAttribute("aria-label");
    bar.classList.add("single");
  }
  bar.addEventListener("click", (event) => {
    const tool = event.target.closest("[data-tool]");
    if (tool) tools[tool.dataset.tool](field);
  });
  field.before(bar);
  if (field.tagName !== "TEXTAREA") return;
  field.addEventListener("keydown", (event) => {
    const tool = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && { b: "bold", i: "italic", k: "link" }[event.key.toLowerCase()];
    if (!tool) return;
    event.preventDefault();
    event.stopPropagation();
    tools[tool](field);
  });
}
