import { Controller } from "@hotwired/stimulus";

// After a change, the new name appears wherever the page shows the old one.
export default class extends Controller {
  show({ detail: { answer } }) {
    const { mirrorOf } = this.element.dataset;
    for (const [key, value] of Object.entries(answer.user ?? answer)) {
      for (const element of document.querySelectorAll(`[data-mirrors="${mirrorOf}.${key}"]`)) {
        element.textContent = value;
      }
    }
  }
}
