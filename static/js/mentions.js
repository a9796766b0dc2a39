// The unread messages of the open project that mention the viewer. No DOM.

export class Mentions {
  #viewerId;
  #numbers;

  constructor(viewerId, numbers = []) {
    this.#viewerId = viewerId;
    this.#numbers = new Set(numbers);
  }

  get count() {
    return this.#numbers.size;
  }

  /** Takes the numbers as the server has them now. */
  replace(numbers) {
    this.#numbers = new Set(numbers);
  }

  /** The viewer is mentioned in this message, and has read up to `readNumber`. */
  add(number, readNumber) {
    if (number > readNumber) this.#numbers.add(number);
  }

  /** Looks through messages that are here: an edit may have added a mention, or taken one away. */
  look(messages, readNumber) {
    for (const { number, mentions } of messages) {
      if (mentions?.includes(this.#viewerId)) this.add(number, readNumber);
      else this.#numbers.delete(number);
    }
  }

  /** Everything up to `number` is read. */
  read(number) {
    for (const each of this.#numbers) if (each <= number) this.#numbers.delete(each);
  }
}
