import { Controller } from "@hotwired/stimulus";
import { Divider } from "projchat/divider";
import { rowsOf } from "projchat/message_rows";
import { openChat } from "projchat/open_chat";
import { RowList } from "projchat/row_list";
import { ScrollKeeper } from "projchat/scroll_keeper";

const MOST_MESSAGES = 240;
const KEPT_MESSAGES = 160;
// At the end the oldest go in small portions, so that no frame has much to do.
const MOST_AT_THE_END = KEPT_MESSAGES + 10;
const LIT_FOR = 2000;
const HIDDEN_DELAY = 1000;

// The timeline: shows the stretch of messages that the chat holds, and stays where the reader is.
// What else depends on the place hears "message-list:looked".
export default class extends Controller {
  static targets = ["box", "inner", "list"];

  #chat = openChat();
  #endings = [];
  #scheduled = false;
  #reopening = false;

  // Lifecycle

  connect() {
    this.list = this.listTarget;
    this.rows = new RowList(this.list);
    this.keeper = new ScrollKeeper(this.boxTarget, this.list.getElementsByClassName("message"));
    this.divider = new Divider(this.#chat.lastReadNumber, this.#chat.timeline.count);
    this.#subscribe();
    this.#render();
    this.#openAtTheRightPlace();
    this.resizes = new ResizeObserver(() => this.#resized());
    this.resizes.observe(this.boxTarget);
    this.resizes.observe(this.innerTarget);
  }

  disconnect() {
    this.resizes.disconnect();
    for (const end of this.#endings.splice(0)) end();
  }

  // Actions

  scrolled() {
    this.#look();
  }

  /** The tab came into view, or went out of it. */
  shown() {
    if (document.hidden) this.#lookAway();
    else this.#lookBack();
    this.#look();
  }

  async goToNewest() {
    await this.#chat.goToNewest().catch(() => {});
    this.#render();
    this.keeper.toBottom();
    this.#look();
  }

  // Internal

  #subscribe() {
    const on = (name, handle) => this.#endings.push(this.#chat.on(name, handle));
    for (const name of ["timeline", "read", "people", "light"]) on(name, () => this.#schedule());
    on("history", () => this.#renderHistory());
    on("reset", () => this.#reopen());
    on("sent", () => this.#sent());
    on("marked-unread", (number) => this.#markedUnread(number));
    on("focus", (number) => this.#lightUp(number));
  }

  #lookAway() {
    this.divider.leave(this.#chat.timeline.count, this.#chat.lastReadNumber);
    this.#chat.lookAway();
  }

  #lookBack() {
    this.divider.comeBack();
    this.#chat.lookBack();
  }

  #markedUnread(number) {
    this.divider.putAt(number);
    this.#schedule();
  }

  /** One rendering for all that comes between two frames; a tab out of sight has no frames. */
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const render = () => {
      this.#scheduled = false;
      this.#render();
    };
    if (document.hidden) setTimeout(render, HIDDEN_DELAY);
    else requestAnimationFrame(render);
  }

  #render() {
    if (this.#reopening) return;
    const { timeline } = this.#chat;
    this.#trim();
    this.divider.update(timeline.count);
    this.rows.show(rowsOf(this.#chat, this.divider.number));
    this.keeper.restore();
    this.#look();
  }

  /** Older messages are no news: a screen reader does not read them out. */
  #renderHistory() {
    this.list.setAttribute("aria-busy", "true");
    this.#render();
    requestAnimationFrame(() => this.list.removeAttribute("aria-busy"));
  }

  #trim() {
    const { timeline } = this.#chat;
    const most = this.keeper.sticks ? MOST_AT_THE_END : MOST_MESSAGES;
    if (timeline.messages.length <= most) return;
    const inSight = this.keeper.sticks ? timeline.last : this.#anchorNumber;
    timeline.trim(inSight, KEPT_MESSAGES);
  }

  /** The chat has started afresh: show again what was being read, if it is still there. */
  async #reopen() {
    if (this.keeper.sticks) return this.#schedule();
    this.#reopening = true;
    await this.#chat.openAround(this.#anchorNumber).catch(() => {});
    this.#reopening = false;
    this.#renderHistory();
  }

  #sent() {
    this.divider.clear();
    this.goToNewest();
  }

  #openAtTheRightPlace() {
    const { focusNumber } = this.#chat;
    const divider = this.list.querySelector(".new-divider");
    if (focusNumber) this.#lightUp(focusNumber);
    else if (divider) this.keeper.show(divider, 0.2);
    else this.keeper.toBottom();
    this.#look();
  }

  #lightUp(number) {
    // In a tab out of sight the newest messages may still wait to be shown.
    if (this.#scheduled) this.#render();
    const row = this.list.querySelector(`[data-number="${number}"]`);
    if (!row) return;
    this.keeper.show(row, 0.4);
    this.#look();
    row.focus({ preventScroll: true });
    row.classList.add("message--lit");
    setTimeout(() => row.classList.remove("message--lit"), LIT_FOR);
  }

  #resized() {
    this.keeper.restore();
    this.#look();
  }

  #look() {
    this.keeper.note(!this.#chat.timeline.hasNewer);
    if (!document.hidden) this.#chat.see(Number(this.keeper.lastSeen?.dataset.number ?? 0));
    this.dispatch("looked", { detail: this.keeper });
  }

  get #anchorNumber() {
    return Number(this.keeper.anchor?.dataset.number ?? this.#chat.timeline.last);
  }
}
