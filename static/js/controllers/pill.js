import { Controller } from "@hotwired/stimulus";
import { newMessages } from "projchat/helpers/sentences";
import { t } from "projchat/i18n";
import { openChat } from "projchat/open_chat";

// Leads back to the newest message, and counts those that came below what has been in sight.
export default class extends Controller {
  static targets = ["words"];

  #chat = openChat();

  look({ detail: { sticks, distanceToBottom } }) {
    const { timeline, seenNumber } = this.#chat;
    const count = Math.max(0, timeline.count - seenNumber);
    const isFar = timeline.hasNewer || distanceToBottom > innerHeight;
    const hadFocus = document.activeElement === this.element;
    this.element.hidden = sticks || (count === 0 && !isFar);
    if (hadFocus && this.element.hidden) this.dispatch("gone");
    this.element.classList.toggle("pill--count", count > 0);
    if (this.element.hidden) return;
    this.wordsTarget.textContent = count > 0 ? newMessages(count) : t("To the newest messages");
  }
}
