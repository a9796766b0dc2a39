import { Controller } from "@hotwired/stimulus";
import { openChat } from "projchat/open_chat";

const WITHIN = 1200;
const AGAIN_AFTER = 2000;

// Asks for more messages when the reader comes near the end of those that are here.
export default class extends Controller {
  static targets = ["start", "older", "newer"];

  #chat = openChat();
  #failedAt = 0;

  connect() {
    // Looked up once: Stimulus would search all the messages for each of them every time.
    this.start = this.startTarget;
    this.older = this.olderTarget;
    this.newer = this.newerTarget;
  }

  look({ detail: { distanceToTop, distanceToBottom } }) {
    const { timeline } = this.#chat;
    this.start.hidden = timeline.hasOlder;
    this.older.hidden = !timeline.hasOlder;
    this.newer.hidden = !timeline.hasNewer;
    if (timeline.hasOlder && distanceToTop < WITHIN) this.#load(() => this.#chat.loadOlder());
    if (timeline.hasNewer && distanceToBottom < WITHIN) this.#load(() => this.#chat.loadNewer());
  }

  async #load(load) {
    if (Date.now() - this.#failedAt < AGAIN_AFTER) return;
    try {
      await load();
    } catch {
      // The light tells why; looking on, or the next message, tries again.
      this.#failedAt = Date.now();
    }
  }
}
