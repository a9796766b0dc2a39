import { Controller } from "@hotwired/stimulus";

export default class extends Controller {
  open() {
    if (!this.element.open) this.element.showModal();
  }

  close() {
    this.element.close();
  }

  /** A click on the dialog itself, not on anything inside it, fell on its edge or backdrop. */
  closeOnBackdrop(event) {
    if (event.target !== this.element) return;
    const { left, right, top, bottom } = this.element.getBoundingClientRect();
    const inside =
      left <= event.clientX &&
      event.clientX <= right &&
      top <= event.clientY &&
      event.clientY <= bottom;
    if (!inside) this.close();
  }
}
