import { Controller } from "@hotwired/stimulus";

// Messages by the arrow keys. One of them is in the order of Tab: the last one used, or the newest.
export default class extends Controller {
  static targets = ["list"];

  #current = null;

  /** After every change of the list. */
  update() {
    if (!this.#current?.isConnected) this.#choose(this.#messages.at(-1));
  }

  focused({ target }) {
    this.#choose(target.closest(".message"));
  }

  /** Who leaves the list comes back to the newest message. */
  left({ relatedTarget }) {
    if (!this.listTarget.contains(relatedTarget)) this.#choose(this.#messages.at(-1));
  }

  press(event) {
    const message = event.target.closest(".message");
    const target = message && this.#targetOf(event.key, message);
    if (!target || event.target !== message) return;
    event.preventDefault();
    target.focus();
  }

  #targetOf(key, message) {
    const messages = this.#messages;
    const index = messages.indexOf(message);
    if (key === "ArrowUp") return messages[index - 1];
    if (key === "ArrowDown") return messages[index + 1];
    if (key === "Home") return messages[0];
    if (key === "End") return messages.at(-1);
    return null;
  }

  #choose(message) {
    if (!message || message === this.#current) return;
    if (this.#current) this.#current.tabIndex = -1;
    message.tabIndex = 0;
    this.#current = message;
  }

  get #messages() {
    return [...this.listTarget.querySelectorAll(".message")];
  }
}
