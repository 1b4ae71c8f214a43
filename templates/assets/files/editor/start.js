// What the page shows only with a script, and the tools of every block.
function enhance(block) {
  for (const field of fieldsOf(block)) {
    if (["text", "markdown", "label", "alt"].includes(nameOf(field)) && field.type !== "hidden") equip(field);
    if (nameOf(field) === "url" && block.dataset.block === "image") field.addEventListener("change", () => thumb(block));
  }
  for (const row of block.querySelectorAll(":scope > .blockfields [data-pick]")) row.hidden = false;
  listsIn(block).forEach(sortable);
  thumb(block);
}

for (const block of top.querySelectorAll("[data-block]")) enhance(block);
for (const name of ["subject", "preheader"]) equip(form.elements[name]);
for (const plain of form.querySelectorAll("[data-plain]")) plain.hidden = true;
for (const part of [form.querySelector("[data-history]"), controls, tabs]) part.hidden = false;
form.classList.add("scripted");
sortable(top);
mergeParts();
number();
commit();
buttons();
show("write");
look(frameURL, form.elements.version.value);
