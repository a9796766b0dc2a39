// One thread: the message it began with and everything that replies to it, directly or through
// replies. It follows the same changes as the timeline. No DOM.
const PAGE_SIZE = 200;

export class Thread {
  /** The number of the message it began with; known for sure once it is loaded. */
  root;
  isLoaded = false;

  #fetch;
  #messages = new Map();

  /** `fetch(query)` asks for a page of the thread. */
  constructor(number, fetch) {
    this.root = number;
    this.#fetch = fetch;
  }

  /** From its beginning, in order. */
  get messages() {
    return [...this.#messages.values()].sort((one, other) => one.number - other.number);
  }

  get last() {
    return this.messages.at(-1)?.number ?? this.root;
  }

  find(number) {
    return this.#messages.get(number);
  }

  /** Whether a message, or one on its way, belongs to it. */
  holds({ number, threadRoot, replyTo }) {
    if (number === this.root || threadRoot === this.root) return true;
    return !number && (replyTo === this.root || this.#messages.has(replyTo));
  }

  async load() {
    let page;
    let after = 0;
    do {
      page = await this.#fetch(`limit=${PAGE_SIZE}&after=${after}`);
      this.root = page.messages[0]?.threadRoot ?? page.messages[0]?.number ?? this.root;
      for (const message of page.messages) this.take(message);
      after = page.messages.at(-1)?.number ?? after;
    } while (page.hasMore);
    this.isLoaded = true;
  }

  /** Takes a message as it is told; answers whether it is one of these, and news. */
  take(message) {
    const known = this.#messages.get(message.number);
    if (!this.holds(message) || known?.version >= message.version) return false;
    this.#messages.set(message.number, message);
    return true;
  }
}
