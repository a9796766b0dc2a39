// Tells the others that I am writing: with the first key, now and then while it lasts, and that it is
// over 5 s after the last one. No DOM.
const TYPING_TIMEOUT = 5000;
const REPEAT_AFTER = 2000;

export class TypingNotice {
  #tell;
  #end;
  #repeat;
  #again = false;

  /** `tell(isTyping)` sends the word. */
  constructor(tell) {
    this.#tell = tell;
  }

  /** A key was pressed. */
  type() {
    clearTimeout(this.#end);
    this.#end = setTimeout(() => this.stop(), TYPING_TIMEOUT);
    if (this.#repeat) this.#again = true;
    else this.#say();
  }

  /** The message was sent or the text is gone. */
  stop() {
    if (this.#end) this.#tell(false);
    this.#reset();
  }

  /** The message itself says that the writing is over. */
  sent() {
    this.#reset();
  }

  #say() {
    this.#again = false;
    this.#tell(true);
    this.#repeat = setTimeout(() => {
      this.#repeat = null;
      if (this.#again) this.#say();
    }, REPEAT_AFTER);
  }

  #reset() {
    clearTimeout(this.#end);
    clearTimeout(this.#repeat);
    this.#end = null;
    this.#repeat = null;
    this.#again = false;
  }
}
