import { Controller } from "@hotwired/stimulus";
import { worker } from "projchat/helpers/worker";
import { Keeper } from "projchat/keeper";
import { LIVE } from "projchat/live";
import { openChat } from "projchat/open_chat";

const REST = 2000;
const LONGEST_REST = 10_000;

// Keeps the project for a time without a network: once everything is here, and after each change.
export default class extends Controller {
  #chat = openChat();
  #keeper = new Keeper(this.#chat);
  #timer = null;
  #waitingSince = 0;

  async connect() {
    if (!(await worker())) return;
    this.ends = ["timeline", "light", "read"].map((name) => this.#chat.on(name, this.#changed));
    this.#changed();
  }

  disconnect() {
    clearTimeout(this.#timer);
    for (const end of this.ends ?? []) end();
  }

  /** The tab goes out of sight, and perhaps for good. */
  hidden() {
    if (document.hidden && this.#timer) this.#keep();
  }

  #changed = () => {
    if (this.#chat.live.state !== LIVE) return;
    const now = Date.now();
    if (!this.#timer) this.#waitingSince = now;
    clearTimeout(this.#timer);
    const rest = Math.min(REST, Math.max(0, this.#waitingSince + LONGEST_REST - now));
    this.#timer = setTimeout(() => this.#keep(), rest);
  };

  #keep() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#chat.isStillMine) this.#keeper.keep();
  }
}
