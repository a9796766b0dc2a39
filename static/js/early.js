// A classic script in the head. A form that is sent before its controller has loaded waits for it;
// the browser's own way would lose what was typed.
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const ours = form.matches("[data-controller~=form]");
    if (!ours || "ready" in form.dataset) return;
    event.preventDefault();
    form.dataset.waiting = "";
  },
  true,
);
