import { Controller } from "@hotwired/stimulus";
import { dialogIsOpen, isTyping } from "projchat/helpers/keys";

// Ctrl+Shift+F from anywhere, or "/" where nobody types.
export default class extends Controller {
  press(event) {
    if (!isWish(event) || dialogIsOpen()) return;
    event.preventDefault();
    dispatchEvent(new CustomEvent("panel:open", { detail: { view: "search" } }));
  }
}

// The letter is asked by its place, so that it works while a Cyrillic layout is on.
function isWish(event) {
  if (event.key === "/") return !isTyping(event) && !event.ctrlKey && !event.metaKey;
  return event.code === "KeyF" && event.shiftKey && (event.ctrlKey || event.metaKey);
}
