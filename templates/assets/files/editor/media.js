// Choosing a picture: from those that are there, or a new one, which says what it shows before it is taken.
const media = document.getElementById("media-dialog");
let picking = null;

async function pick(block) {
  picking = block;
  await fill(media.dataset.media);
  media.showModal();
}

async function fill(url) {
  const body = media.querySelector("[data-media-body]");
  try {
    const response = await fetch(url, { headers: { "HX-Request": "true" }, redirect: "manual" });
    if (!response.ok) throw new Error();
    body.innerHTML = await response.text(); // of our own templates, which escape
  } catch {
    body.textContent = say("failed");
  }
}

function take(url, alt) {
  for (const field of fieldsOf(picking)) {
    if (nameOf(field) === "url") field.value = url;
    if (nameOf(field) === "alt" && !field.value) field.value = alt;
    if (nameOf(field) === "decorative") field.checked = !alt && !fieldsOf(picking).find((f) => nameOf(f) === "alt").value;
  }
  media.close();
  thumb(picking);
  restructured(picking);
}

// thumb shows the picture of a block beside its fields.
function thumb(block) {
  const box = block.querySelector(":scope > .blockfields [data-thumb]");
  const field = fieldsOf(block).find((f) => nameOf(f) === "url");
  if (!box || !field) return;
  box.hidden = !/^https?:\/\/\S+$/.test(field.value);
  if (box.hidden) return box.replaceChildren();
  const picture = box.firstChild || document.createElement("img");
  picture.alt = "";
  picture.src = field.value;
  box.replaceChildren(picture);
}

if (media) {
  media.addEventListener("click", (event) => {
    const chosenPicture = event.target.closest("[data-picture]");
    if (chosenPicture) take(chosenPicture.dataset.picture, chosenPicture.dataset.alt || "");
    if (event.target.closest("[data-close]")) media.close();
    const more = event.target.closest("a[data-more]");
    if (more) {
      event.preventDefault();
      fill(more.href);
    }
  });
  media.addEventListener("submit", async (event) => {
    event.preventDefault();
    const upload = event.target;
    const line = upload.querySelector("[data-upload-state]");
    line.textContent = say("uploading");
    try {
      const response = await fetch(upload.getAttribute("action"), { method: "POST", body: new FormData(upload), headers: { Accept: "application/json" }, redirect: "manual" });
      const answer = await response.json();
      if (response.ok) return take(answer.url, answer.alt);
      line.textContent = answer.detail || say("uploadFailed");
    } catch {
      line.textContent = say("uploadFailed");
    }
  });
}
