import { Controller } from "@hotwired/stimulus";
import { maySeeNotices, noticeSettings } from "projchat/helpers/notice_settings";
import { subscribe } from "projchat/helpers/push";
import { Noticing } from "projchat/noticing";
import { openChat } from "projchat/open_chat";

const EXCERPT = 140;

// Hears the news of my projects and lets the desktop tell those that I do not look at.
export default class extends Controller {
  #chat = openChat();
  #noticing = new Noticing(this.#chat.viewer, this.#chat.project.id);

  // Lifecycle

  connect() {
    this.ends = [
      this.#chat.on("notify", (news) => this.#noticing.tell(news)),
      this.#chat.on("arrived", (message) => this.#arrived(message)),
    ];
    navigator.serviceWorker?.addEventListener("message", this.#clicked);
    this.look();
    this.#renewPush();
  }

  disconnect() {
    navigator.serviceWorker?.removeEventListener("message", this.#clicked);
    for (const end of this.ends) end();
    this.#noticing.look(false);
  }

  // Actions

  /** The tab came into sight, or went out of it. */
  look() {
    this.#noticing.look(!document.hidden);
  }

  // Internal

  /** Something was said in the open project, perhaps in a tab that is out of sight. */
  #arrived(message) {
    if (message.kind !== "text" || this.#chat.isMine(message)) return;
    const { project, viewer } = this.#chat;
    const mentioned = message.mentions.includes(viewer.id);
    if (project.notify !== "all" && !(project.notify === "mentions" && mentioned)) return;
    this.#noticing.tell({
      projectId: project.id,
      projectName: project.name,
      number: message.number,
      author: message.author,
      content: message.content.replace(/\s+/g, " ").trim().slice(0, EXCERPT),
      mentioned,
    });
  }

  /** A click on a notice, which the service worker hears. */
  #clicked = ({ data }) => {
    if (data.type !== "go-to" || data.projectId !== this.#chat.project.id) return;
    this.#chat.goTo(data.number).catch(() => {});
  };

  /** The subscription ended with the last login; the wish did not. */
  #renewPush() {
    const { id } = this.#chat.viewer;
    if (maySeeNotices(id)) subscribe(noticeSettings(id).text, this.#chat.pushKey);
  }
}
