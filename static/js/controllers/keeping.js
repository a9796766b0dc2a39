import { Controller } from "@hotwired/stimulus";
import { worker } from "projchat/helpers/worker";
import { Keeper } from "projchat/keeper";
import { openChat } from "projchat/open_chat";
import { recovery } from "projchat/open_recovery";

const REST = 2000;
const LONGEST_REST = 10_000;

// Keeps the project for a time without a network: once everything is here, and after each change. For
// the time after a restore, what was seen is kept in mind.
export default class extends Controller {
  #chat = openChat();
  #keeper = null;
  #timer = null;
  #waitingSince = 0;

  async connect() {
    if (await worker()) this.#keeper = new Keeper(this.#chat);
    this.ends = ["timeline", "light", "read"].map((name) => this.#chat.on(name, this.#changed));
    this.ends.push(this.#chat.on("light", () => this.#lit()));
    this.#changed();
    this.#lit();
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
    if (!this.#chat.live.isUpToDate) return;
    const now = Date.now();
    if (!this.#timer) this.#waitingSince = now;
    clearTimeout(this.#timer);
    const rest = Math.min(REST, Math.max(0, this.#waitingSince + LONGEST_REST - now));
    this.#timer = setTimeout(() => this.#keep(), rest);
  };

  /** Whoever was removed from the project does not find it again without a network either. */
  #lit() {
    if (this.#chat.live.state !== "closed") return;
    this.#stop();
    this.#keeper?.forget();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  #keep() {
    this.#stop();
    if (!this.#chat.isStillMine) return;
    recovery().see(this.#chat.project, this.#chat.knownMessages);
    this.#keeper?.keep();
  }
}
