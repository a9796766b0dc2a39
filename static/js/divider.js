// Where the reader left off: the number of the first message that is new to them. No DOM.

export class Divider {
  /** The first new message; null if nothing is new. */
  number;
  #leftAt = null;

  constructor(lastReadNumber, count) {
    this.number = lastReadNumber < count ? lastReadNumber + 1 : null;
  }

  /** The reader looks away; what comes now is new to them. */
  leave(count, lastReadNumber) {
    if (lastReadNumber >= count) this.#leftAt = count;
  }

  comeBack() {
    this.#leftAt = null;
  }

  /** The reader wants to go on from this message later. */
  putAt(number) {
    this.number = number;
    this.#leftAt = null;
  }

  /** More messages are here. */
  update(count) {
    if (this.#leftAt !== null && count > this.#leftAt) this.number = this.#leftAt + 1;
  }

  /** The reader has answered: nothing is new any more. */
  clear() {
    this.number = null;
  }
}
