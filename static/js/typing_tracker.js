// Who else is writing. Somebody who goes silent is forgotten after a while, since the word that they
// stopped may never come. No DOM.
const TYPING_TIMEOUT = 5000;

export class TypingTracker {
  #names = new Map();
  #timers = new Map();
  #onChange;

  constructor(onChange) {
    this.#onChange = onChange;
  }

  get names() {
    return [...this.#names.values()];
  }

  note({ userId, userName, isTyping }) {
    if (!isTyping) return this.forget(userId);
    clearTimeout(this.#timers.get(userId));
    this.#timers.set(
      userId,
      setTimeout(() => this.forget(userId), TYPING_TIMEOUT),
    );
    if (this.#names.get(userId) === userName) return;
    this.#names.set(userId, userName);
    this.#onChange();
  }

  /** They stopped, or their message is here. */
  forget(userId) {
    clearTimeout(this.#timers.get(userId));
    this.#timers.delete(userId);
    if (this.#names.delete(userId)) this.#onChange();
  }
}
