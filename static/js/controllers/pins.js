import { Controller } from "@hotwired/stimulus";
import { momentOf } from "projchat/helpers/dates";
import { pagesBefore } from "projchat/helpers/pages";
import { toast } from "projchat/helpers/toast";
import { t } from "projchat/i18n";
import { excerptOf } from "projchat/message_view";
import { openChat } from "projchat/open_chat";

// The pinned messages, in the panel; a click goes to the place.
export default class extends Controller {
  static targets = ["note", "list", "template"];

  #chat = openChat();
  #pins = new Map();

  // Lifecycle

  connect() {
    this.ends = [
      this.#chat.on("changed", (message) => this.#take(message)),
      this.#chat.on("reset", () => this.#load()),
      this.#chat.on("project", () => this.#show()),
    ];
    this.#load();
  }

  disconnect() {
    for (const end of this.ends) end();
  }

  // Actions

  act({ target }) {
    const number = Number(target.closest(".pin")?.dataset.number);
    if (target.closest(".pin__free")) this.#try(() => this.#chat.pin(number, false));
    else if (target.closest(".pin__place")) this.#try(() => this.#chat.goTo(number));
  }

  // Internal

  async #load() {
    try {
      const path = `/api/projects/${this.#chat.project.id}/pins`;
      for await (const { messages } of pagesBefore(path, lastPinnedAt)) {
        for (const message of messages) this.#keep(message);
      }
      this.#show();
    } catch (error) {
      this.noteTarget.textContent = error.message;
    }
  }

  #take(message) {
    if (!message.pinnedAt && !this.#pins.get(message.number)?.pinnedAt) return;
    this.#keep(message);
    this.#show();
  }

  /** What was let go of is remembered too: an older answer must not bring it back. */
  #keep(message) {
    const known = this.#pins.get(message.number);
    if (!known || known.version < message.version) this.#pins.set(message.number, message);
  }

  #show() {
    const pins = [...this.#pins.values()].filter(({ pinnedAt }) => pinnedAt);
    pins.sort((one, other) => other.pinnedAt.localeCompare(one.pinnedAt));
    this.noteTarget.hidden = pins.length > 0;
    this.noteTarget.textContent = t("Nothing is pinned yet. Pin what everybody should find.");
    const focused = this.listTarget.contains(document.activeElement);
    this.listTarget.replaceChildren(...pins.map((pin) => this.#row(pin)));
    if (focused) (this.listTarget.querySelector("button") ?? this.#closeButton).focus();
  }

  #row(message) {
    const row = this.templateTarget.content.firstElementChild.cloneNode(true);
    const part = (name) => row.querySelector(`.pin__${name}`);
    const words = t("Unpin");
    row.dataset.number = message.number;
    part("author").textContent = this.#chat.people.nameOf(message.author);
    part("time").textContent = momentOf(new Date(message.createdAt));
    part("time").dateTime = message.createdAt;
    part("text").textContent = excerptOf(message);
    part("free").hidden = this.#chat.isReadOnly;
    Object.assign(part("free"), { title: words, ariaLabel: words });
    return row;
  }

  async #try(work) {
    try {
      await work();
    } catch (error) {
      toast(error.message);
    }
  }

  get #closeButton() {
    return this.element.closest(".panel").querySelector("[data-panel-target=close]");
  }
}

function lastPinnedAt({ messages }) {
  return messages.at(-1).pinnedAt;
}
