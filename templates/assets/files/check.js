// Asks the server what is wrong with a form while it is being written, and says it at the fields. Without this script the
// same is said after the form is sent. The server answers {"errors": {field: text}, "says": {name: text}}.
for (const form of document.querySelectorAll("form[data-check]")) {
  let waiting = 0;
  let asked = 0;
  const touched = new Set();

  const say = (control, text) => {
    const id = control.id + "-error";
    let line = document.getElementById(id);
    if (!text) {
      line?.remove();
      control.removeAttribute("aria-invalid");
      const rest = (control.getAttribute("aria-describedby") || "").split(" ").filter((ref) => ref && ref !== id);
      rest.length ? control.setAttribute("aria-describedby", rest.join(" ")) : control.removeAttribute("aria-describedby");
      return;
    }
    if (!line) {
      line = document.createElement("p");
      line.className = "error";
      line.id = id;
      control.closest(".field, .choice").append(line);
      control.setAttribute("aria-describedby", ((control.getAttribute("aria-describedby") || "") + " " + id).trim());
    }
    line.textContent = text;
    control.setAttribute("aria-invalid", "true");
  };

  const check = async () => {
    const turn = ++asked;
    const fields = [...new FormData(form)].filter(([, value]) => typeof value === "string"); // files are looked at when they are sent
    const answer = await fetch(form.dataset.check, { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" } });
    if (!answer.ok || turn !== asked) return;
    const { errors = {}, says = {} } = await answer.json();
    for (const control of form.elements) {
      if (control.id && touched.has(control.name)) say(control, errors[control.name]);
    }
    for (const place of document.querySelectorAll("[data-says]")) {
      const text = says[place.dataset.says];
      if (text !== undefined && place.textContent !== text) place.textContent = text;
    }
  };

  for (const control of form.querySelectorAll("input[type=file][data-max]")) {
    control.addEventListener("change", (event) => {
      event.stopPropagation();
      const size = [...control.files].reduce((sum, file) => sum + file.size, 0);
      const text = size > Number(control.dataset.max) ? control.dataset.tooLarge : "";
      control.setCustomValidity(text);
      say(control, text);
    });
    control.addEventListener("input", (event) => event.stopPropagation());
  }

  const soon = (wait) => (event) => {
    if (!event.target.name) return;
    touched.add(event.target.name);
    clearTimeout(waiting);
    waiting = setTimeout(check, wait);
  };
  form.addEventListener("input", soon(700));
  form.addEventListener("change", soon(50));
}
