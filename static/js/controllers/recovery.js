import { Controller } from "@hotwired/stimulus";
import { copyText } from "projchat/helpers/clipboard";
import { recentTimeOf } from "projchat/helpers/dates";
import { lostMessages, textKind } from "projchat/helpers/sentences";
import { toast } from "projchat/helpers/toast";
import { t } from "projchat/i18n";
import { recovery } from "projchat/open_recovery";

// After the server was restored to an earlier state: says so, says how much is gone, and offers the
// person's own texts. Only in an open project can they be sent, and only by a click.
export default class extends Controller {
  static targets = ["lines", "list", "template", "hint", "dismiss"];

  #texts = [];
  #chat = null;
  #ends = [];
  #tabs = new BroadcastChannel("projchat.recovery");

  // Lifecycle

  async connect() {
    this.#tabs.onmessage = () => this.#show();
    if (document.getElementById("page-data")) await this.#openChat();
    await this.#show();
    await recovery().see();
  }

  disconnect() {
    this.#tabs.close();
    for (const end of this.#ends) end();
  }

  // Actions

  async copy({ target }) {
    const copied = await copyText(this.#textOf(target).content);
    toast(copied ? t("Copied.") : t("Press Ctrl+C to copy."));
  }

  async send({ target }) {
    await this.#release(target, (text) => this.#chat.resend(text));
  }

  async discard({ target }) {
    await this.#release(target, () => {});
  }

  async dismiss() {
    await recovery().dismiss();
    await this.#changed();
  }

  // Internal

  async #openChat() {
    const { openChat } = await import("projchat/open_chat");
    this.#chat = openChat();
    const names = ["project", "light"];
    this.#ends = names.map((name) => this.#chat.on(name, () => this.#showWhetherOpen()));
  }

  async #release(target, take) {
    const row = target.closest("li");
    const next = row.nextElementSibling ?? row.previousElementSibling;
    const place = next?.dataset.key;
    await recovery().release(row.dataset.key, take);
    await this.#changed();
    this.#focus(place);
  }

  async #changed() {
    this.#tabs.postMessage("changed");
    await this.#show();
  }

  async #show() {
    const found = await recovery().find();
    const { texts } = found;
    this.#texts = texts;
    this.element.hidden = !found.isRestored;
    this.linesTarget.replaceChildren(...lines(found).map(paragraph));
    this.listTarget.replaceChildren(...texts.map((text) => this.#row(text)));
    this.hintTarget.hidden = texts.length === 0 || this.#chat !== null;
    this.dismissTarget.hidden = texts.length > 0;
    this.#showWhetherOpen();
  }

  #row({ key, projectName, kind, createdAt, content, files }) {
    const row = this.templateTarget.content.firstElementChild.cloneNode(true);
    const put = (name, text) => {
      row.querySelector(`.recovery__${name}`).textContent = text;
    };
    row.dataset.key = key;
    put("project", projectName || t("An earlier project"));
    put("kind", textKind(kind));
    put("time", recentTimeOf(new Date(createdAt)));
    put("text", content);
    put("files", files.length > 0 ? t("Files, to be attached again: {files}", filesIn(files)) : "");
    row.querySelector("time").dateTime = createdAt;
    return row;
  }

  #showWhetherOpen() {
    const isOpen = this.#chat !== null && !this.#chat.isReadOnly;
    for (const row of this.listTarget.children) {
      const { content } = this.#textOf(row);
      row.querySelector(".recovery__send").hidden = !isOpen || content === "";
    }
  }

  #textOf(element) {
    const { key } = element.closest("li").dataset;
    return this.#texts.find((text) => text.key === key);
  }

  /** What had the focus has gone. */
  #focus(key) {
    const row = [...this.listTarget.children].find(({ dataset }) => dataset.key === key);
    const button = row?.querySelector("button:not([hidden])");
    if (button) button.focus();
    else if (this.dismissTarget.hidden) document.getElementById("main").focus();
    else this.dismissTarget.focus();
  }
}

function lines({ gone, texts, isCompared }) {
  if (gone.length > 0) return gone.map(lostMessages);
  const isWhole = isCompared && texts.length === 0;
  return isWhole ? [t("Nothing you have seen here is missing.")] : [];
}

function paragraph(text) {
  const element = document.createElement("p");
  element.textContent = text;
  return element;
}

function filesIn(files) {
  return { files: files.join(", ") };
}
