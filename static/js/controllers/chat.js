import { Controller } from "@hotwired/stimulus";
import { beforeStartingAfresh, startAfresh } from "projchat/history";
import { forgetPagesOf } from "projchat/keeper";
import { openChat } from "projchat/open_chat";
import { recovery } from "projchat/open_recovery";

// Starts the chat, and tells it what happens to the tab.
export default class extends Controller {
  static targets = ["name"];

  #chat = openChat();
  #toldUnread = this.#counts;

  // Lifecycle

  connect() {
    const on = (name, handle) => this.#chat.on(name, handle);
    this.ends = [
      beforeStartingAfresh(() => recovery().see(this.#chat.project, this.#chat.knownMessages)),
      on("project", () => this.#showProject()),
      on("timeline", () => this.#tellUnread()),
      on("read", () => this.#tellUnread()),
      on("light", () => this.#showLight()),
      on("elsewhere", (detail) => this.dispatch("elsewhere", { prefix: "unread", detail })),
      on("connected", () => this.dispatch("stale", { prefix: "unread" })),
      on("disconnected", () => this.dispatch("cut-off", { prefix: "unread" })),
      on("reset", () => this.#tellUnreadAfresh()),
      on("logged-out", () => this.#leave()),
    ];
    this.#chat.start();
  }

  disconnect() {
    for (const end of this.ends) end();
  }

  // Actions

  wake() {
    if (!document.hidden) this.#chat.wake();
  }

  /** The page is put aside; without an open connection the browser can keep it as it is. */
  leave() {
    this.#chat.pause();
  }

  restored({ persisted }) {
    if (persisted) this.#chat.resume();
  }

  /** Somebody else has logged in in another tab of this browser. */
  checkViewer() {
    if (!this.#chat.isStillMine) this.#leave();
  }

  // Internal

  #showProject() {
    this.nameTarget.textContent = this.#chat.project.name;
  }

  /** What the page says of others is known only as long as the connection lives. */
  #showLight() {
    this.element.classList.toggle("chat--stale", !this.#chat.live.isUpToDate);
  }

  #tellUnread() {
    const { unread, mentions } = this.#counts;
    if (unread === this.#toldUnread.unread && mentions === this.#toldUnread.mentions) return;
    this.#toldUnread = { unread, mentions };
    this.#dispatchUnread();
  }

  /** The database may have gone back, and with it what there is to read in all my projects. */
  #tellUnreadAfresh() {
    this.#dispatchUnread({ isAfresh: true });
    this.dispatch("stale", { prefix: "unread" });
  }

  #dispatchUnread(how = {}) {
    const { project, timeline, mentions, lastReadNumber } = this.#chat;
    const counts = { messageCount: timeline.count, lastReadNumber, mentions: mentions.count };
    this.dispatch("changed", { prefix: "unread", detail: { id: project.id, ...counts, ...how } });
  }

  get #counts() {
    return { unread: this.#chat.unread, mentions: this.#chat.mentions.count };
  }

  /** The server decides what this browser may see now, and if it does not answer, nothing. */
  async #leave() {
    this.#chat.end();
    await forgetPagesOf(this.#chat.origin);
    startAfresh();
  }
}
