import { Controller } from "@hotwired/stimulus";
import { Drafts } from "projchat/drafts";
import { hasFocus } from "projchat/helpers/focus";
import { toast } from "projchat/helpers/toast";
import { beforeStartingAfresh } from "projchat/history";
import { t } from "projchat/i18n";
import { excerptOf } from "projchat/message_view";
import { openChat } from "projchat/open_chat";
import { recovery } from "projchat/open_recovery";

// Where I write: a new message, a reply, or another text for a message of mine.
export default class extends Controller {
  static targets = ["box", "closed", "why", "context", "task", "excerpt", "input"];

  #chat = openChat();
  #drafts;
  #endings = [];
  #reply = null;
  #edited = null;
  #saving = false;

  // Lifecycle

  connect() {
    const { origin, project } = this.#chat;
    this.#drafts = new Drafts({ storage: () => localStorage, origin, place: project.id });
    for (const name of ["project", "light"]) {
      this.#endings.push(this.#chat.on(name, () => this.#showWhetherOpen()));
    }
    this.#endings.push(this.#chat.on("compose", (what) => this.#begin(what)));
    this.#endings.push(beforeStartingAfresh(() => this.#saveEdit()));
    this.#showWhetherOpen();
    this.#takeOver();
    // On a phone the keyboard would cover what there is to read.
    if (matchMedia("(hover: hover)").matches && !this.#chat.focusNumber) this.inputTarget.focus();
  }

  disconnect() {
    for (const end of this.#endings.splice(0)) end();
  }

  // Actions

  changed() {
    this.#grow();
    this.#keepDraft();
    if (this.#edited) return;
    if (this.#isEmpty) this.#chat.notice.stop();
    else this.#chat.notice.type();
  }

  press(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) this.send(event);
    if (event.key === "Escape") this.#escape(event);
    if (event.key === "ArrowUp" && !event.altKey && this.#isEmpty && !this.#edited)
      this.#editLast(event);
  }

  /** Another tab of mine has written here, or has sent it. An edit gives the draft back itself. */
  drafted(event) {
    if (this.#edited) return;
    const isWriting = hasFocus(this.inputTarget) || this.#chat.uploads.isAwaited;
    const draft = this.#drafts.hear(event, this.#draft, isWriting);
    if (draft) this.#restoreDraft(draft);
  }

  send(event) {
    event.preventDefault();
    if (this.#saving) return;
    if (!this.#edited) this.#sendWithFiles();
    else if (!this.#isEmpty || this.#edited.attachments?.length) this.#save();
  }

  cancel() {
    this.#reply = null;
    if (this.#edited) this.#leaveEditing();
    this.#showContext();
    this.#keepDraft();
    this.inputTarget.focus();
  }

  /** Something may have been typed, and even sent, before this controller had loaded. */
  #takeOver() {
    const typed = this.inputTarget.value;
    this.#restoreDraft();
    if (typed) this.#fill(typed);
    this.element.dataset.ready = "";
    if (!("waiting" in this.element.dataset)) return;
    delete this.element.dataset.waiting;
    if (!this.#isEmpty) this.#send();
  }

  // Writing

  /** A message waits for the files that are still going up. */
  async #sendWithFiles() {
    const { uploads } = this.#chat;
    if (uploads.isAwaited) return;
    const isThere = await uploads.settled();
    if (uploads.hasFailed) toast(t("Some files were not uploaded. Try them again or remove them."));
    if (isThere && !(this.#isEmpty && uploads.isEmpty)) this.#send();
  }

  async #send() {
    const draft = this.#draft;
    this.#reply = null;
    this.#fill("");
    this.#showContext();
    await this.#chat.send(draft.content, draft.replyTo, this.#chat.uploads.take());
    // The draft goes only when the outbox has the text: a crash in between loses nothing.
    const other = this.#drafts.sent(draft, this.#draft);
    if (other && !this.#edited) this.#restoreDraft(other);
  }

  /** A new text for a message is no draft, and its message may be gone. */
  async #saveEdit() {
    const content = this.inputTarget.value;
    if (!this.#edited || this.#edited.content === content) return;
    await recovery().keep({ ...this.#chat.origin, content, kind: "draft" });
  }

  async #save() {
    this.#saving = true;
    try {
      await this.#chat.edit(this.#edited, this.inputTarget.value);
      this.cancel();
    } catch (error) {
      toast(Object.values(error.fields ?? {})[0] ?? error.message);
    } finally {
      this.#saving = false;
    }
  }

  // What I am about to write

  #begin({ reply, edit, amend }) {
    if (edit) this.#edit(edit);
    else if (amend) this.#amend(amend);
    else if (reply) this.#replyTo(reply);
    this.#showContext();
    this.inputTarget.focus();
  }

  #replyTo(message) {
    if (this.#edited) this.#leaveEditing();
    this.#reply = message;
    this.#keepDraft();
  }

  #edit(message) {
    this.#keepDraft();
    this.#edited = message;
    this.#reply = null;
    this.#fill(message.content);
  }

  #amend({ content, replyTo, attachments = [] }) {
    this.#chat.uploads.restore(attachments);
    if (this.#edited) this.#leaveEditing();
    this.#reply = replyTo ? { number: replyTo } : null;
    const rest = this.inputTarget.value;
    this.#fill(rest ? `${content}\n${rest}` : content);
    this.#keepDraft();
  }

  #editLast(event) {
    const { messages } = this.#chat.timeline;
    const last = messages.findLast(
      (message) => this.#chat.isMine(message) && message.kind === "text" && !message.deletedAt,
    );
    if (!last || this.#chat.isReadOnly) return;
    event.preventDefault();
    this.#begin({ edit: last });
  }

  #escape(event) {
    const { uploads } = this.#chat;
    if (uploads.isAwaited) return uploads.letGo();
    if (!this.#edited && !this.#reply) return;
    event.stopPropagation();
    this.cancel();
  }

  #leaveEditing() {
    this.#edited = null;
    this.#restoreDraft();
  }

  // Drafts

  #restoreDraft({ content, replyTo } = this.#drafts.read()) {
    this.#reply = replyTo ? { number: replyTo } : null;
    this.#fill(content);
    this.#showContext();
  }

  #keepDraft() {
    if (this.#edited) return;
    const other = this.#drafts.write(this.#draft);
    if (other) this.#restoreDraft(other);
  }

  get #draft() {
    return { content: this.inputTarget.value, replyTo: this.#reply?.number ?? null };
  }

  // Showing

  #fill(text) {
    this.inputTarget.value = text;
    this.#grow();
  }

  #grow() {
    const { style } = this.inputTarget;
    style.blockSize = "auto";
    style.blockSize = `${this.inputTarget.scrollHeight}px`;
  }

  #showContext() {
    const message = this.#edited ?? this.#quoted;
    this.contextTarget.hidden = !this.#edited && !this.#reply;
    this.element.classList.toggle("composer--editing", Boolean(this.#edited));
    this.taskTarget.textContent = this.#task(message);
    this.excerptTarget.textContent = message ? excerptOf(message) : "";
  }

  #task(message) {
    if (this.#edited) return t("Editing");
    if (!message?.author) return t("Reply");
    return t("Reply to {name}", { name: this.#chat.people.nameOf(message.author) });
  }

  get #quoted() {
    return this.#reply && (this.#chat.quotes.get(this.#reply.number) ?? this.#reply);
  }

  #showWhetherOpen() {
    const isArchived = this.#chat.project.archivedAt !== null;
    this.boxTarget.hidden = this.#chat.isReadOnly;
    this.closedTarget.hidden = !this.#chat.isReadOnly;
    this.whyTarget.textContent = isArchived
      ? t("The project is archived and can only be read.")
      : t("You are not in this project any more.");
  }

  get #isEmpty() {
    return this.inputTarget.value.trim() === "";
  }
}
