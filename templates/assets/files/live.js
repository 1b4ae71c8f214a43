// Keeps what goes on by itself fresh: the server sends the parts of the element anew, each with its id, and says when
// the page is to be read again. A part that somebody works in with the keyboard waits until they are done.
for (const area of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(area.dataset.live);
  source.addEventListener("progress", (event) => {
    const fresh = new DOMParser().parseFromString(event.data, "text/html");
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const old = document.getElementById(part.id);
      if (old && area.contains(old) && !old.contains(document.activeElement)) old.replaceWith(part);
    }
  });
  source.addEventListener("end", () => {
    source.close();
    location.reload();
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
