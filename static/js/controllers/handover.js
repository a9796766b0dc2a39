import { Controller } from "@hotwired/stimulus";

// The form of handing over is addressed to the member who is chosen.
export default class extends Controller {
  static targets = ["member"];
  static values = { path: String };

  connect() {
    this.address();
  }

  address() {
    this.element.setAttribute("action", this.pathValue + this.memberTarget.value);
  }
}
