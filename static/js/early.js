// A classic script in the head. A form or a message that is sent before its controller has loaded
// waits for it; the browser's own way would lose what was typed.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const ours = form.matches("[data-controller~=form], [data-controller~=composer]");
    if (!ours || "ready" in form.dataset) return;
    event.preventDefault();
    form.dataset.waiting = "";
  },
  true,
);

document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    const composer = event.target.closest("[data-controller~=composer]");
    if (!composer || "ready" in composer.dataset) return;
    event.preventDefault();
    composer.dataset.waiting = "";
  },
  true,
);
