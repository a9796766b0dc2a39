import { Controller } from "@hotwired/stimulus";

const OPEN_CLASS = "layout--drawer-open";

// In a narrow window the sidebar slides over the page, and the page waits behind it.
export default class extends Controller {
  static targets = ["panel", "button", "rest"];

  #wide = matchMedia("(width >= 800px)");
  #opener = null;

  connect() {
    this.#wide.addEventListener("change", this.#widened);
  }

  disconnect() {
    this.#wide.removeEventListener("change", this.#widened);
  }

  open({ currentTarget }) {
    this.#opener = currentTarget;
    this.#show(true);
    this.panelTarget.querySelector("a, button").focus();
  }

  close() {
    if (!this.#isOpen) return;
    this.#show(false);
    this.#opener?.focus();
  }

  /** Escape closes what lies on top first. */
  escape() {
    if (!document.querySelector(":popover-open, dialog[open]")) this.close();
  }

  #widened = () => {
    if (this.#wide.matches) this.close();
  };

  #show(open) {
    this.element.classList.toggle(OPEN_CLASS, open);
    this.restTarget.inert = open;
    for (const button of this.buttonTargets) button.setAttribute("aria-expanded", open);
  }

  get #isOpen() {
    return this.element.classList.contains(OPEN_CLASS);
  }
}
