import { Controller } from "@hotwired/stimulus";
import { newMessages } from "projchat/helpers/sentences";
import { t } from "projchat/i18n";
import { openChat } from "projchat/open_chat";

// Leads back to the newest message, and counts those that came below what has been in sight.
export default class extends Controller {
  static targets = ["pill", "words"];

  #chat = openChat();

  look({ detail: { sticks, distanceToBottom } }) {
    const { timeline, seenNumber } = this.#chat;
    const count = Math.max(0, timeline.count - seenNumber);
    const isFar = timeline.hasNewer || distanceToBottom > innerHeight;
    this.pillTarget.hidden = sticks || (count === 0 && !isFar);
    this.pillTarget.classList.toggle("pill--count", count > 0);
    this.wordsTarget.textContent = count > 0 ? newMessages(count) : t("To the newest messages");
  }
}
