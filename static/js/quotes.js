// The messages that replies quote, wherever in the history they are. No DOM.
const AT_ONCE = 4;

export class Quotes {
  #find;
  #fetch;
  #onChange;
  #fetched = new Map();
  #waiting = new Set();
  #running = 0;

  /** `find(number)` looks near by, `fetch(number)` asks the server. */
  constructor({ find, fetch, onChange }) {
    this.#find = find;
    this.#fetch = fetch;
    this.#onChange = onChange;
  }

  /** The quoted message; undefined until it has come, null if it cannot be had. */
  get(number) {
    const near = this.#find(number);
    if (near) return near;
    if (this.#fetched.has(number)) return this.#fetched.get(number);
    this.#waiting.add(number);
    this.#work();
    return undefined;
  }

  /** Forgets what was fetched: the numbers may mean other messages now. */
  forget() {
    this.#fetched.clear();
  }

  /** The message was changed. */
  changed(message) {
    if (this.#fetched.has(message.number)) this.#fetched.set(message.number, message);
  }

  async #work() {
    while (this.#waiting.size > 0 && this.#running < AT_ONCE) {
      const [number] = this.#waiting;
      this.#waiting.delete(number);
      this.#running += 1;
      await this.#load(number);
      this.#running -= 1;
    }
  }

  async #load(number) {
    this.#fetched.set(number, undefined);
    try {
      this.#fetched.set(number, await this.#fetch(number));
      this.#onChange();
    } catch (error) {
      if (error.status === 404) this.#fetched.set(number, null);
      else this.#fetched.delete(number);
    }
  }
}
