// Small conveniences. Every page works without this file.
"use strict";

// A form is sent once: a second click on the same button does nothing (the server copes with it as well).
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  const problem = tooLarge(form);
  if (problem) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  form.classList.add("busy");
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
});

// Coming back to a page by the browser's history makes its forms usable again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form.busy")) {
    delete form.dataset.sent;
    form.classList.remove("busy");
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

// A file above the limit is pointed out before it is sent.
function tooLarge(form) {
  const input = form.querySelector("input[type=file][data-most-bytes]");
  const note = form.querySelector("[data-file-note]");
  if (!input || !note || !input.files.length) return false;
  const large = input.files[0].size > Number(input.dataset.mostBytes);
  note.textContent = large ? input.dataset.tooLarge : "";
  note.hidden = !large;
  input.setAttribute("aria-invalid", large ? "true" : "false");
  return large;
}
for (const input of document.querySelectorAll("input[type=file][data-most-bytes]")) {
  input.addEventListener("change", () => tooLarge(input.form));
}

// Blank filters stay out of the address.
for (const form of document.querySelectorAll("form[data-filters]")) {
  form.addEventListener("submit", () => {
    for (const field of form.elements) {
      if (field.name && !field.value) { field.disabled = true; setTimeout(() => { field.disabled = false; }, 0); }
    }
  });
}

// A secret that is shown once can be copied.
for (const secret of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button-plain";
  button.textContent = secret.dataset.copy;
  button.addEventListener("click", () => navigator.clipboard.writeText(secret.textContent));
  secret.after(" ", button);
}
