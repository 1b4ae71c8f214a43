// Asks the browser for a passkey when the form is sent, and sends its answer in the field "answer" (Web
// Authentication Level 3, section 5.1). Without support, or when the person stops it, the form says so.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    const failed = form.querySelector("[data-passkey-failed]");
    failed.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options).publicKey;
      const credential = form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.answer.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
  form.querySelector("button[type=submit]").disabled = false; // before this script, it would send no answer
}
