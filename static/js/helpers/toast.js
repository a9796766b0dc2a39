const KEY = "projchat.toast";

/** Says shortly, at the bottom of the window and to screen readers, that something was done. */
export function toast(text) {
  window.dispatchEvent(new CustomEvent("toast:show", { detail: { text } }));
}

/** The same, where the page is about to be left. */
export function toastOnNextPage(text) {
  sessionStorage.setItem(KEY, text);
}

/** What the page before this one left to say. */
export function takeWaitingToast() {
  const text = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  return text;
}
