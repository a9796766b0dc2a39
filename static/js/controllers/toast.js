import { Controller } from "@hotwired/stimulus";
import { takeWaitingToast } from "projchat/helpers/toast";

const LIFETIME = 4000;

export default class extends Controller {
  connect() {
    const text = takeWaitingToast();
    if (text) this.show({ detail: { text } });
  }

  show({ detail: { text } }) {
    const line = document.createElement("p");
    line.className = "toast";
    line.textContent = text;
    this.element.replaceChildren(line);
    setTimeout(() => line.remove(), LIFETIME);
  }
}
