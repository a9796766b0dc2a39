/** Asks a question in the page's one dialog for questions; resolves with whether it was agreed. */
export function confirm({ title, text = "", action, danger = true }) {
  const dialog = document.getElementById("confirm");
  const button = dialog.querySelector("[value=agreed]");
  dialog.querySelector("#confirm-title").textContent = title;
  dialog.querySelector("#confirm-text").textContent = text;
  dialog.querySelector("#confirm-text").hidden = !text;
  button.textContent = action;
  button.classList.toggle("button--danger", danger);
  button.classList.toggle("button--primary", !danger);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const answered = () => resolve(dialog.returnValue === "agreed");
    dialog.addEventListener("close", answered, { once: true });
  });
}
