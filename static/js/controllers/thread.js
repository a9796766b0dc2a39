import { Controller } from "@hotwired/stimulus";
import { Drafts } from "projchat/drafts";
import { hasFocus } from "projchat/helpers/focus";
import { rowsOfThread } from "projchat/message_rows";
import { openChat } from "projchat/open_chat";
import { RowList } from "projchat/row_list";

// A thread in the panel: reads by itself, grows by itself, and is answered there.
export default class extends Controller {
  static targets = ["note", "box", "list", "form", "input"];
  static values = { detail: Object };

  #chat = openChat();
  #thread;
  #drafts;

  // Lifecycle

  connect() {
    this.#thread = this.#chat.openThread(this.detailValue.number);
    this.rows = new RowList(this.listTarget);
    this.ends = [
      this.#chat.on("changed", (message) => this.#thread.take(message) && this.#show()),
      this.#chat.on("reset", () => this.#load()),
      ...["timeline", "read", "people", "light", "project"].map((name) =>
        this.#chat.on(name, () => this.#show()),
      ),
    ];
    this.#load();
  }

  disconnect() {
    this.#chat.closeThread(this.#thread);
    for (const end of this.ends) end();
  }

  // Actions

  changed() {
    this.#grow();
    this.#fill(this.#drafts?.write(this.#draft));
  }

  /** Another tab of mine has written in this thread, or has sent it. */
  drafted(event) {
    this.#fill(this.#drafts?.hear(event, this.#draft, hasFocus(this.inputTarget)));
  }

  press(event) {
    if (event.isComposing || event.key !== "Enter" || event.shiftKey) return;
    this.send(event);
  }

  async send(event) {
    event.preventDefault();
    const draft = this.#draft;
    if (draft.content.trim() === "" || !this.#thread.isLoaded) return;
    this.inputTarget.value = "";
    this.#grow();
    await this.#chat.reply(draft.content, this.#thread.root);
    // The draft goes only when the outbox has the text.
    this.#fill(this.#drafts.sent(draft, this.#draft));
    this.#toEnd();
  }

  /** To answer, or to begin to write, in the thread means its own field; anything else does not. */
  compose(event) {
    if (event.detail.edit || event.detail.amend) return;
    event.preventDefault();
    this.inputTarget.focus();
  }

  // Internal

  async #load() {
    try {
      await this.#thread.load();
    } catch (error) {
      this.noteTarget.textContent = error.message;
      return;
    }
    this.noteTarget.hidden = true;
    this.#restoreDraft();
    this.#show();
    this.#toEnd();
  }

  #show() {
    if (!this.#thread.isLoaded) return;
    const wasAtEnd = this.#isAtEnd;
    this.rows.show(rowsOfThread(this.#chat, this.#thread));
    this.formTarget.hidden = this.#chat.isReadOnly;
    this.dispatch("shown");
    if (wasAtEnd) this.#toEnd();
  }

  get #draft() {
    return { content: this.inputTarget.value, replyTo: null };
  }

  #restoreDraft() {
    if (this.#drafts) return;
    const { origin, project } = this.#chat;
    const place = `${project.id}.thread.${this.#thread.root}`;
    this.#drafts = new Drafts({ storage: () => localStorage, origin, place });
    this.inputTarget.value ||= this.#drafts.read().content;
    this.#grow();
  }

  #fill(draft) {
    if (!draft) return;
    this.inputTarget.value = draft.content;
    this.#grow();
  }

  #grow() {
    const { style } = this.inputTarget;
    style.blockSize = "auto";
    style.blockSize = `${this.inputTarget.scrollHeight}px`;
  }

  #toEnd() {
    this.boxTarget.scrollTop = this.boxTarget.scrollHeight;
  }

  get #isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.boxTarget;
    return scrollHeight - scrollTop - clientHeight < 40;
  }
}
