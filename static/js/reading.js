// Tells the server how far I have read, at most once a second. No DOM.
const EVERY = 1000;

export class Reading {
  #tell;
  #known;
  #reached;
  #tried;
  #timer = null;
  #held = false;

  /** `tell(number)` resolves when the server knows. */
  constructor(tell, number) {
    this.#tell = tell;
    this.#known = this.#reached = this.#tried = number;
  }

  /** This message has been in sight. */
  reach(number) {
    if (this.#held) return;
    this.#reached = Math.max(this.#reached, number);
    this.again();
  }

  /** The server knows it from elsewhere: another tab, or a message of mine. */
  known(number) {
    this.#known = Math.max(this.#known, number);
  }

  /** The database went back: what the server was told, and what was in sight, holds no more. */
  restart() {
    this.#known = this.#reached = this.#tried = 0;
  }

  /** What comes after `number` is to stay unread, also while it is in sight, until `release`. */
  hold(number) {
    this.#held = true;
    this.#known = this.#reached = Math.min(this.#known, number);
  }

  release() {
    this.#held = false;
  }

  /** Says what could not be said before. */
  again() {
    if (this.#reached > this.#known && !this.#timer) this.#say();
  }

  async #say() {
    this.#timer = setTimeout(() => this.#next(), EVERY);
    this.#tried = this.#reached;
    try {
      await this.#tell(this.#tried);
      this.known(this.#tried);
    } catch {
      // `again` says it when the connection is back.
    }
  }

  #next() {
    this.#timer = null;
    if (this.#reached > this.#tried) this.again();
  }
}
