// Keeps what is being read where it is while the list around it changes: at the end it stays at the
// end, elsewhere the first message in sight stays in its place.
const NEAR = 24;

export class ScrollKeeper {
  /** Whether the reader is at the end and stays there when more comes. */
  sticks = true;
  #box;
  #messages;
  #anchor = null;

  /** `box` scrolls; `messages` is a live collection of its rows, from top to bottom. */
  constructor(box, messages) {
    this.#box = box;
    this.#messages = messages;
  }

  get distanceToTop() {
    return this.#box.scrollTop;
  }

  get distanceToBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    return scrollHeight - scrollTop - clientHeight;
  }

  /** The first message in sight. */
  get anchor() {
    return this.#anchor?.row;
  }

  /** The last message of which the end is in sight. */
  get lastSeen() {
    const edge = this.#top + this.#box.clientHeight + 1;
    return this.#messages[this.#firstBelow(edge) - 1];
  }

  /** Remembers where the reader is. `isEnd` says that nothing newer could be loaded. */
  note(isEnd) {
    this.sticks = isEnd && this.distanceToBottom < NEAR;
    const row = this.#messages[this.#firstBelow(this.#top)];
    this.#anchor = row && { row, offset: this.#offsetOf(row) };
  }

  /** Puts the reader back after a change. */
  restore() {
    if (this.sticks) this.toBottom();
    else if (this.#anchor?.row.isConnected) this.#undoShift();
  }

  toBottom() {
    this.#box.scrollTop = this.#box.scrollHeight;
  }

  /** Scrolls to a row; `part` of the free height is left above it: 0 none, 0.5 half of it. */
  show(row, part) {
    const { top, height } = row.getBoundingClientRect();
    const free = Math.max(0, this.#box.clientHeight - height);
    this.#box.scrollTop += top - this.#top - free * part;
  }

  #undoShift() {
    const shift = this.#offsetOf(this.#anchor.row) - this.#anchor.offset;
    if (Math.abs(shift) >= 1) this.#box.scrollTop += shift;
  }

  // The text counts, not the row: a name above it may go when an older message comes before.
  #offsetOf(row) {
    const text = row.querySelector(".message__body") ?? row;
    return text.getBoundingClientRect().top - this.#top;
  }

  get #top() {
    return this.#box.getBoundingClientRect().top;
  }

  /** The index of the first message that ends below an edge. */
  #firstBelow(edge) {
    let [low, high] = [0, this.#messages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#messages[middle].getBoundingClientRect().bottom > edge) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
