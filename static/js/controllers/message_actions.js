import { Controller } from "@hotwired/stimulus";
import { copyText } from "projchat/helpers/clipboard";
import { confirm } from "projchat/helpers/confirm";
import { hasWithin } from "projchat/helpers/focus";
import { letterOf } from "projchat/helpers/keys";
import { toast } from "projchat/helpers/toast";
import { t } from "projchat/i18n";
import { openChat } from "projchat/open_chat";
import { showReaders } from "projchat/readers";

const KEYS = { r: "reply", e: "react", u: "unread" };

// What can be done with a message. One toolbar serves them all: it moves to the message under the
// pointer or with the focus.
export default class extends Controller {
  static values = { inThread: Boolean };

  #chat = openChat();
  #bar = null;

  // Actions

  show({ target }) {
    const row = target.closest(".message");
    const message = row && this.#messageOf(row);
    if (!message?.number || message.kind === "system" || message.deletedAt) return;
    this.#bar ??= this.#createBar();
    if (this.#bar.parentElement === row || this.#holdsFocus) return;
    this.#button("react").hidden = this.#chat.isReadOnly;
    this.#button("thread").hidden = this.inThreadValue;
    this.#button("pin").hidden = this.#chat.isReadOnly;
    this.#label("pin", message.pinnedAt ? t("Unpin") : t("Pin"));
    this.#button("reply").hidden = this.#chat.isReadOnly;
    this.#button("edit").hidden = this.#chat.isReadOnly || !this.#chat.isMine(message);
    this.#button("delete").hidden = this.#chat.isReadOnly || !this.#mayDelete(message);
    this.#button("unread").hidden = this.#chat.isReadOnly;
    this.#button("readers").hidden = this.#chat.isReadOnly || !this.#chat.isMine(message);
    row.append(this.#bar);
  }

  hide({ type, relatedTarget }) {
    const focus = type === "focusout" ? relatedTarget : document.activeElement;
    if (!this.#bar?.parentElement?.contains(focus)) this.#bar?.remove();
  }

  act({ target }) {
    const act = target.closest("[data-act]")?.dataset.act;
    if (act) this.#do(act, target);
  }

  press(event) {
    const row = event.target;
    if (event.key === "Escape") return this.#compose({});
    if (!row.matches(".message") || !isCharacter(event)) return;
    const act = KEYS[letterOf(event)];
    if (act) {
      event.preventDefault();
      return this.#do(act, row);
    }
    // Whoever begins to write means the composer, which gets this very character.
    this.#compose({});
  }

  // Internal

  #do(act, target) {
    const row = target.closest(".message");
    const message = this.#messageOf(row);
    if (!message) return;
    const acts = {
      jump: () => this.#goTo(message.replyTo),
      place: () => this.#goTo(Number(target.closest("[data-place]").dataset.place)),
      reply: () => this.#reply(message),
      react: () => this.#react(message, target, row),
      toggle: () => this.#toggle(message, target.closest("[data-emoji]")),
      edit: () => this.#compose({ edit: message }),
      thread: () => this.#openThread(message),
      history: () => this.dispatch("history", { detail: message }),
      pin: () => this.#pin(message),
      copy: () => this.#copyLink(message),
      delete: () => this.#delete(message, row),
      unread: () => this.#markUnread(message),
      readers: () => this.#showReaders(message, target, row),
      retry: () => this.#chat.outbox.retry(message.clientId),
      amend: () => this.#amend(message),
      discard: () => this.#discard(message),
    };
    acts[act]();
  }

  async #goTo(number) {
    try {
      await this.#chat.goTo(number);
    } catch (error) {
      toast(error.message);
    }
  }

  #reply(message) {
    if (this.#chat.isReadOnly || message.kind === "system" || message.deletedAt) return;
    this.#compose({ reply: message });
  }

  /** The thread answers in a field of its own. */
  #compose(what) {
    const { defaultPrevented } = this.dispatch("compose", { detail: what });
    if (!defaultPrevented) this.#chat.compose(what);
  }

  async #react(message, target, row) {
    if (this.#chat.isReadOnly || message.kind === "system" || message.deletedAt) return;
    const { pickEmoji } = await import("projchat/emoji_picker");
    const emoji = await pickEmoji(target);
    // The toolbar, which asked, has gone meanwhile, or the focus was elsewhere when the table came.
    const isLost = emoji ? !hasWithin(row) : document.activeElement === document.body;
    if (isLost) row.focus({ preventScroll: true });
    if (!emoji) return;
    const mine = message.reactions.find((each) => each.emoji === emoji)?.userIds ?? [];
    if (mine.includes(this.#chat.viewer.id)) return;
    await this.#setReaction(message, emoji, true);
  }

  async #toggle(message, { dataset, ariaPressed }) {
    if (this.#chat.isReadOnly) return;
    await this.#setReaction(message, dataset.emoji, ariaPressed !== "true");
  }

  async #setReaction({ number }, emoji, chosen) {
    try {
      await this.#chat.react(number, emoji, chosen);
    } catch (error) {
      toast(Object.values(error.fields ?? {})[0] ?? error.message);
    }
  }

  #openThread({ number }) {
    this.dispatch("open", { prefix: "panel", detail: { view: "thread", number } });
  }

  async #pin({ number, pinnedAt }) {
    try {
      await this.#chat.pin(number, !pinnedAt);
      this.#label("pin", pinnedAt ? t("Pin") : t("Unpin"));
    } catch (error) {
      toast(error.message);
    }
  }

  async #showReaders({ number }, target, row) {
    const isLost = await showReaders(this.#chat.people.readingOf(number), target);
    // The toolbar, which asked, has gone meanwhile.
    if (isLost) row.focus({ preventScroll: true });
  }

  async #markUnread({ number }) {
    if (!number || this.#chat.isReadOnly) return;
    try {
      await this.#chat.markUnread(number);
      toast(t("Marked as unread."));
    } catch (error) {
      toast(error.message);
    }
  }

  async #copyLink({ projectId, number }) {
    const link = new URL(`/projects/${projectId}/messages/${number}`, location.href);
    toast((await copyText(link.href)) ? t("The link is copied.") : link.href);
  }

  async #delete(message, row) {
    const title = t("Delete this message?");
    const text = t("It cannot be brought back. Its place in the conversation stays.");
    const agreed = await confirm({ title, text, action: t("Delete") });
    row.focus({ preventScroll: true });
    if (!agreed) return;
    try {
      await this.#chat.delete(message.number);
      this.#bar?.remove();
    } catch (error) {
      toast(error.message);
    }
  }

  /** A message that was refused goes back to the composer, to be changed and sent anew. */
  async #amend(entry) {
    await this.#chat.outbox.discard(entry.clientId);
    this.#compose({ amend: entry });
  }

  async #discard(entry) {
    await this.#chat.outbox.discard(entry.clientId);
    this.#compose({});
  }

  #mayDelete(message) {
    return this.#chat.isMine(message) || this.#chat.manages;
  }

  #messageOf({ dataset }) {
    if (dataset.number) return this.#chat.find(Number(dataset.number));
    return this.#chat.pending.find(({ clientId }) => clientId === dataset.clientId);
  }

  #createBar() {
    const template = document.getElementById("actions-template");
    return template.content.firstElementChild.cloneNode(true);
  }

  #label(act, words) {
    Object.assign(this.#button(act), { title: words, ariaLabel: words });
  }

  #button(act) {
    return this.#bar.querySelector(`[data-act=${act}]`);
  }

  get #holdsFocus() {
    return this.#bar.isConnected && this.#bar.contains(document.activeElement);
  }
}

/** Whether a key writes something; "?" and the space bar have a meaning of their own. */
function isCharacter({ key, ctrlKey, metaKey, altKey }) {
  return key.length === 1 && !"? ".includes(key) && !ctrlKey && !metaKey && !altKey;
}
