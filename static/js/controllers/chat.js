import { Controller } from "@hotwired/stimulus";
import { LIVE } from "projchat/live";
import { openChat } from "projchat/open_chat";

// Starts the chat, and tells it what happens to the tab.
export default class extends Controller {
  static targets = ["name"];

  #chat = openChat();
  #toldUnread = this.#counts;

  // Lifecycle

  connect() {
    const on = (name, handle) => this.#chat.on(name, handle);
    this.ends = [
      on("project", () => this.#showProject()),
      on("timeline", () => this.#tellUnread()),
      on("read", () => this.#tellUnread()),
      on("light", () => this.#showLight()),
      on("elsewhere", (detail) => this.dispatch("elsewhere", { prefix: "unread", detail })),
      on("connected", () => this.dispatch("stale", { prefix: "unread" })),
      on("disconnected", () => this.dispatch("cut-off", { prefix: "unread" })),
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
    this.element.classList.toggle("chat--stale", this.#chat.live.state !== LIVE);
  }

  #tellUnread() {
    const { unread, mentions } = this.#counts;
    if (unread === this.#toldUnread.unread && mentions === this.#toldUnread.mentions) return;
    this.#toldUnread = { unread, mentions };
    const { project, timeline, lastReadNumber } = this.#chat;
    const detail = { id: project.id, messageCount: timeline.count, lastReadNumber, mentions };
    this.dispatch("changed", { prefix: "unread", detail });
  }

  get #counts() {
    return { unread: this.#chat.unread, mentions: this.#chat.mentions.count };
  }

  /** The server decides what this browser may see now. */
  #leave() {
    this.#chat.pause();
    location.reload();
  }
}
