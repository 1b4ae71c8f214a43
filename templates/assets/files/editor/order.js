// Adding, moving, duplicating and removing blocks, by mouse and by keyboard.
let active = null; // the block that was worked on last

form.addEventListener("focusin", (event) => { active = event.target.closest("[data-block]") || active; });

function restructured(focus) {
  number();
  changed();
  commit();
  if (focus) focus.focus();
}

function place(block) {
  const list = block.parentElement;
  const at = { type: typeName(block), n: blocksIn(list).indexOf(block) + 1, total: blocksIn(list).length };
  const column = block.parentElement.closest(".col");
  if (column) announce(say("movedColumn", { ...at, column: [...column.parentElement.children].indexOf(column) + 1 }));
  else announce(say("moved", at));
}

function move(block, by) {
  const blocks = blocksIn(block.parentElement);
  const to = blocks.indexOf(block) + by;
  if (to < 0 || to >= blocks.length) return;
  const focused = block.contains(document.activeElement) ? document.activeElement : block;
  if (by < 0) blocks[to].before(block);
  else blocks[to].after(block);
  restructured();
  (focused.disabled ? block : focused).focus({ preventScroll: true });
  block.scrollIntoView({ block: "nearest" });
  place(block);
}

// across moves a block into a neighbouring column.
function across(block, by) {
  const col = block.parentElement.closest(".col");
  const next = col && (by < 0 ? col.previousElementSibling : col.nextElementSibling);
  if (!next) return;
  const focused = block.contains(document.activeElement) ? document.activeElement : block;
  next.querySelector("[data-list]").append(block);
  restructured(focused);
  place(block);
}

function add(type, button) {
  const column = button.closest(".col");
  const block = build({ type, values: type === "heading" ? { level: "2" } : {}, columns: type === "columns" ? [[], []] : undefined });
  const here = active && active.isConnected && active.closest(".blocklist") === top ? active : active?.isConnected && active.parentElement.closest("[data-block]");
  if (column) column.querySelector("[data-list]").append(block);
  else if (here && top.contains(here)) here.after(block);
  else top.append(block);
  restructured(block.querySelector("input:not([type=hidden]), textarea, select") || block);
  block.scrollIntoView({ block: "nearest" });
  announce(say("added", { type: typeName(block) }));
}

function duplicate(block) {
  const copy = build(read(block));
  block.after(copy);
  restructured(copy);
  announce(say("copied", { type: typeName(copy) }));
}

function remove(block) {
  const type = typeName(block);
  const next = block.nextElementSibling || block.previousElementSibling || block.parentElement.closest("[data-block]") || form.querySelector("[data-add]");
  block.remove();
  restructured(next);
  announce(say("removed", { type }));
  toast(say("removed", { type }));
}

function toast(text) {
  const box = document.querySelector("[data-toast]");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link";
  button.textContent = say("undo");
  button.addEventListener("click", () => { box.hidden = true; undo(); });
  box.replaceChildren(text + " ", button);
  box.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { if (!box.contains(document.activeElement)) box.hidden = true; }, 12000);
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const block = button.closest("[data-block]");
  const act = { up: () => move(block, -1), down: () => move(block, 1), copy: () => duplicate(block), drop: () => remove(block), undo, redo, pick: () => pick(block) }[button.dataset.do];
  if (button.dataset.add) {
    event.preventDefault();
    add(button.dataset.add, button);
  } else if (act) {
    event.preventDefault();
    act();
  }
});

form.addEventListener("keydown", (event) => {
  const block = event.target.closest("[data-block]");
  if (!event.altKey || event.ctrlKey || event.metaKey || !block) return;
  const act = { ArrowUp: () => move(block, -1), ArrowDown: () => move(block, 1), ArrowLeft: () => across(block, -1), ArrowRight: () => across(block, 1) }[event.key];
  if (!act || (!event.key.endsWith("Up") && !event.key.endsWith("Down") && !block.parentElement.closest(".col"))) return;
  event.preventDefault();
  act();
});

form.addEventListener("change", (event) => {
  const block = event.target.closest('[data-block="columns"]');
  if (block && fieldsOf(block).includes(event.target) && nameOf(event.target) === "columns") {
    setColumns(block, Number(event.target.value));
    restructured();
  }
});

function sortable(list) {
  if (!self.Sortable) return;
  Sortable.create(list, {
    group: { name: "blocks", put: (to, _from, item) => !(item.dataset.block === "columns" && to.el !== top) },
    handle: "[data-grip]", draggable: "[data-block]", animation: 120, forceFallback: true, fallbackTolerance: 3, scroll: true, emptyInsertThreshold: 24, swapThreshold: 0.6,
    ghostClass: "dragghost", dragClass: "dragged", fallbackOnBody: true,
    onEnd: (event) => {
      if (event.from === event.to && event.oldIndex === event.newIndex) return;
      restructured();
      place(event.item);
    },
  });
}
