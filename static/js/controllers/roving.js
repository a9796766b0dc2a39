import { Controller } from "@hotwired/stimulus";

// Messages by the arrow keys. One of them is in the order of Tab: the last one used, or the newest.
export default class extends Controller {
  static targets = ["list"];

  #current = null;
  #messages;

  connect() {
    this.list = this.listTarget;
    this.#messages = this.list.getElementsByClassName("message");
    this.update();
  }

  /** After every change of the list: whoever is elsewhere comes to the newest message. */
  update() {
    if (!this.list.contains(document.activeElement)) this.#choose(this.#newest);
  }

  focused({ target }) {
    this.#choose(target.closest(".message"));
  }

  left({ relatedTarget }) {
    if (!this.list.contains(relatedTarget)) this.#choose(this.#newest);
  }

  /** The focus was on something that has gone. */
  take() {
    this.#newest?.focus({ preventScroll: true });
  }

  press(event) {
    const message = event.target.closest(".message");
    const target = message && !event.altKey && this.#targetOf(event.key, message);
    if (!target || event.target !== message) return;
    event.preventDefault();
    target.focus();
  }

  #targetOf(key, message) {
    const index = Array.prototype.indexOf.call(this.#messages, message);
    if (key === "ArrowUp") return this.#messages[index - 1];
    if (key === "ArrowDown") return this.#messages[index + 1];
    if (key === "Home") return this.#messages[0];
    if (key === "End") return this.#newest;
    return null;
  }

  #choose(message) {
    if (!message || message === this.#current) return;
    if (this.#current) this.#current.tabIndex = -1;
    message.tabIndex = 0;
    this.#current = message;
  }

  get #newest() {
    return this.#messages[this.#messages.length - 1];
  }
}
