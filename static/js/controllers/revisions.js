import { Controller } from "@hotwired/stimulus";
import { momentOf } from "projchat/helpers/dates";
import { pagesBefore } from "projchat/helpers/pages";
import { t } from "projchat/i18n";
import { showHtml } from "projchat/message_view";

// The dialog that shows what a message says and said before, the latest first.
export default class extends Controller {
  static targets = ["note", "list"];

  // Actions

  async open({ detail: message }) {
    this.listTarget.replaceChildren();
    this.#say(t("Loading…"));
    this.element.showModal();
    try {
      await this.#load(message);
      this.#say("");
    } catch (error) {
      this.#say(error.message);
    }
  }

  // Internal

  async #load({ projectId, number, html, editedAt }) {
    const path = `/api/projects/${projectId}/messages/${number}/revisions`;
    const texts = [{ html, createdAt: editedAt }];
    const firstCreatedAt = ({ revisions }) => revisions[0].createdAt;
    for await (const { revisions } of pagesBefore(path, firstCreatedAt))
      texts.unshift(...revisions);
    this.listTarget.replaceChildren(...texts.reverse().map(row));
  }

  #say(words) {
    this.noteTarget.textContent = words;
    this.noteTarget.hidden = !words;
  }
}

function row({ html, createdAt }) {
  const element = document.createElement("li");
  const time = document.createElement("time");
  const text = document.createElement("div");
  time.className = "revisions__time";
  time.dateTime = createdAt;
  time.textContent = momentOf(new Date(createdAt));
  text.className = "message__body";
  showHtml(text, html);
  element.append(time, text);
  return element;
}
