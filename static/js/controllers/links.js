import { Controller } from "@hotwired/stimulus";
import { api } from "projchat/api";
import { dayOf } from "projchat/helpers/dates";
import { t } from "projchat/i18n";
import { openChat } from "projchat/open_chat";

// The links in the project's messages, in the panel.
export default class extends Controller {
  static targets = ["status", "list", "more", "template"];

  #chat = openChat();
  #oldest = null;

  connect() {
    this.load();
  }

  async load() {
    const before = this.#oldest ? `?before=${this.#oldest}` : "";
    try {
      this.#show(await api("GET", `/api/projects/${this.#chat.project.id}/links${before}`));
    } catch (error) {
      this.statusTarget.textContent = error.message;
    }
  }

  goTo({ currentTarget }) {
    this.#chat.goTo(Number(currentTarget.dataset.number));
  }

  // Internal

  #show({ links, hasMore }) {
    this.#oldest = links.at(-1)?.messageId ?? this.#oldest;
    this.listTarget.append(...links.map((link) => this.#row(link)));
    this.moreTarget.hidden = !hasMore;
    this.statusTarget.textContent = this.#oldest ? "" : t("No links yet.");
  }

  #row({ url, text, number, author, createdAt }) {
    const row = this.templateTarget.content.firstElementChild.cloneNode(true);
    const time = row.querySelector("time");
    row.querySelector("a").href = url;
    row.querySelector("a").textContent = text || url;
    row.querySelector(".links__where").textContent = url;
    row.querySelector(".links__where").hidden = url === text;
    row.querySelector(".links__author").textContent = this.#chat.people.nameOf(author);
    row.querySelector("button").dataset.number = number;
    time.dateTime = createdAt;
    time.textContent = dayOf(new Date(createdAt));
    return row;
  }
}
