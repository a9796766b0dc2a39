import { Controller } from "@hotwired/stimulus";
import { dialogIsOpen } from "projchat/helpers/keys";

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

// Alt with an arrow steps through what I have missed, from wherever the focus is.
export default class extends Controller {
  press(event) {
    const by = STEPS[event.key];
    if (!by || !event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    // A list of choices opens by the same keys.
    if (dialogIsOpen() || event.target.matches?.("select")) return;
    event.preventDefault();
    if (document.querySelector("[data-controller~=catch-up]")) {
      this.dispatch("step", { prefix: "catch-up", detail: { by } });
    } else {
      this.dispatch("open", { prefix: "panel", detail: { view: "catch-up", step: by } });
    }
  }
}
