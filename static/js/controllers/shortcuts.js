import { Controller } from "@hotwired/stimulus";
import { dialogIsOpen, isTyping } from "projchat/helpers/keys";

export default class extends Controller {
  press(event) {
    if (event.key !== "?" || isTyping(event) || dialogIsOpen()) return;
    event.preventDefault();
    this.element.showModal();
  }
}
