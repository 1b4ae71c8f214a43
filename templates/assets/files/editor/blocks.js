// The blocks on the page are the truth: what is sent is what stands there. This part reads them as values, builds them
// from the page's templates, and numbers their fields.
const form = document.querySelector("[data-editor]");
const top = form.querySelector('[data-list=""]');
const live = document.querySelector("[data-live]");
let serial = 0;

function say(key, values = {}) {
  return Object.entries(values).reduce((text, [name, value]) => text.replaceAll("%" + name, value), form.dataset["say" + key[0].toUpperCase() + key.slice(1)] || "");
}

function announce(text) {
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 30);
}

const blocksIn = (list) => [...list.children].filter((e) => e.matches("[data-block]"));
const listsIn = (block) => [...block.querySelectorAll(":scope > .cols > .col > [data-list]")];
const fieldsOf = (block) => [...block.querySelectorAll(":scope > .blockfields [name]")];
const nameOf = (field) => field.name.slice(field.name.lastIndexOf(".") + 1);
const typeName = (block) => block.querySelector(":scope > .blockbar strong").textContent;
const template = (name) => document.querySelector(`template[data-template="${name}"]`);

function valueOf(field) {
  return field.type === "checkbox" ? (field.checked ? "1" : "") : field.value;
}

function setValue(field, value) {
  if (field.type === "checkbox") field.checked = Boolean(value);
  else field.value = value;
}

function read(block) {
  const values = {};
  for (const field of fieldsOf(block)) values[nameOf(field)] = valueOf(field);
  const out = { type: block.dataset.block, values };
  if (out.type === "columns") out.columns = listsIn(block).map(readAll);
  return out;
}

const readAll = (list) => blocksIn(list).map(read);

// build makes a block from the template of its type. One without fields of its own is shown as JSON.
function build(data) {
  const source = template(data.type) || template("json");
  const block = source.content.firstElementChild.cloneNode(true);
  const mark = "-n" + ++serial;
  for (const e of [block, ...block.querySelectorAll("*")]) {
    for (const name of ["id", "for", "aria-describedby", "aria-labelledby"]) {
      if (e.hasAttribute(name)) e.setAttribute(name, e.getAttribute(name).split(/\s+/).filter(Boolean).map((id) => id + mark).join(" "));
    }
  }
  block.dataset.block = data.type;
  for (const field of fieldsOf(block)) {
    const name = nameOf(field);
    if (name in data.values) setValue(field, data.values[name]);
    else if (name === "type") field.value = data.type;
  }
  if (data.type === "columns") {
    setColumns(block, data.columns.length);
    listsIn(block).forEach((list, i) => data.columns[i].forEach((inner) => list.append(build(inner))));
  }
  enhance(block);
  return block;
}

// setColumns adds columns, or moves what stands in those that go into the last that stays.
function setColumns(block, n) {
  const cols = block.querySelector(":scope > .cols");
  while (cols.children.length < n) {
    const col = cols.children[0].cloneNode(true);
    const list = col.querySelector("[data-list]");
    list.replaceChildren();
    const label = col.querySelector(".collabel");
    label.id += "-" + ++serial;
    label.textContent = label.textContent.replace(/\d+/, cols.children.length + 1);
    list.setAttribute("aria-labelledby", label.id);
    cols.append(col);
    sortable(list);
  }
  while (cols.children.length > n) {
    const gone = cols.lastElementChild;
    gone.previousElementSibling.querySelector("[data-list]").append(...blocksIn(gone.querySelector("[data-list]")));
    gone.remove();
  }
}

// number gives every field, button and label the place at which its block stands now.
function number(list = top, prefix = "") {
  const blocks = blocksIn(list);
  blocks.forEach((block, i) => {
    const path = prefix + i;
    const spoken = path.split("-").map((n) => Number(n) + 1).join(".");
    block.id = "block-" + path;
    block.setAttribute("aria-label", say("block", { n: spoken, type: typeName(block) }));
    for (const field of fieldsOf(block)) field.name = "b." + path + "." + nameOf(field);
    for (const button of block.querySelectorAll(":scope > .blockbar [data-do]")) {
      button.value = button.dataset.do + "-" + path;
      button.setAttribute("aria-label", button.title + " " + spoken);
    }
    block.querySelector('[data-do="up"]').disabled = i === 0;
    block.querySelector('[data-do="down"]').disabled = i === blocks.length - 1;
    listsIn(block).forEach((inner, c) => {
      inner.dataset.list = path + "-" + c;
      for (const add of inner.parentElement.querySelectorAll(":scope > [data-palette] [data-add]")) add.value = "add-" + add.dataset.add + "-" + path + "-" + c;
      number(inner, path + "-" + c + "-");
    });
  });
}
