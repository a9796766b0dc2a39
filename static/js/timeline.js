// What this tab knows of a project's messages: how far it has applied the changes, what came too
// early, and the stretch of messages it holds. No DOM and no network.
//
// `number` is a message's place, `version` its latest change; DESIGN says why both are counters.

const HELD_LIMIT = 2000;
const STRAYS_LIMIT = 1000;

export class Timeline {
  /** The version up to which every change is applied. */
  cursor = 0;
  /** The newest version heard of. */
  head = 0;
  /** The number of the newest message heard of. */
  count = 0;
  /** Called with each change as it is applied, wherever in the history it is. */
  onChange = () => {};

  // The stretch: messages with consecutive numbers.
  #messages = [];
  // True while the stretch ends at the newest message and grows with each new one.
  #following = true;
  // Changes that came before the ones they build on, by version.
  #held = new Map();
  // Changes to messages outside the stretch, by number. A page that was read before such a change
  // and arrives after it would bring back the old text; from here it is put right.
  #strays = new Map();
  // A page older than this may miss a change that is no longer remembered here.
  #oldestPage = 0;

  // Reading

  get messages() {
    return this.#messages;
  }

  get first() {
    return this.#messages[0]?.number ?? 1;
  }

  get last() {
    return this.#messages.at(-1)?.number ?? 0;
  }

  get hasOlder() {
    return this.first > 1;
  }

  get hasNewer() {
    return !this.#following || this.last < this.count;
  }

  get isCaughtUp() {
    return this.cursor >= this.head;
  }

  /** The message with this number, if it is in the stretch. */
  find(number) {
    return this.#messages[number - this.first];
  }

  // Changes

  /** Starts afresh from a page of the server, forgetting everything else. */
  reset(page, count = 0) {
    this.#messages = [];
    this.#strays.clear();
    this.#oldestPage = 0;
    this.count = count;
    this.cursor = page.version;
    this.head = Math.max(page.version, ...this.#held.keys());
    this.open(page);
    this.#release();
  }

  /** Lets go of what came too early on a connection that has ended; catching up brings it again. */
  dropHeld() {
    this.#held.clear();
  }

  /** Takes a change as it comes: a live event, or the answer to a call of my own. */
  apply(message) {
    this.hear(message.version);
    if (message.version <= this.cursor) return;
    this.#hold(message);
    this.#release();
  }

  /** Takes a page of changes that were asked for by version. */
  merge(messages, version) {
    // By number, so that a stretch that follows the newest message grows without a gap.
    for (const message of [...messages].sort((a, b) => a.number - b.number)) this.#place(message);
    this.hear(version);
    this.cursor = Math.max(this.cursor, version);
    this.#release();
  }

  /** Notes that the server has come as far as `version`. */
  hear(version) {
    this.head = Math.max(this.head, version);
  }

  // The stretch. Each answers false if the page does not fit any more and must be asked for again.

  /** Shows another stretch. */
  open(page) {
    if (page.version < this.#oldestPage) return false;
    const messages = page.messages.map((message) => this.#newest(message));
    this.#forget(this.#messages);
    this.#adopt(messages);
    this.#reach();
    return true;
  }

  addOlder(page) {
    const fits = page.messages.at(-1)?.number === this.first - 1;
    if (!fits || page.version < this.#oldestPage) return false;
    this.#adopt([...page.messages.map((message) => this.#newest(message)), ...this.#messages]);
    return true;
  }

  addNewer(page) {
    const fits = page.messages[0]?.number === this.last + 1;
    if (!fits || page.version < this.#oldestPage) return false;
    this.#adopt([...this.#messages, ...page.messages.map((message) => this.#newest(message))]);
    this.#reach();
    return true;
  }

  /** Lets go of all but `size` messages around the one with this number. */
  trim(number, size) {
    const spare = this.#messages.length - size;
    if (spare <= 0) return;
    const start = Math.min(Math.max(0, number - this.first - Math.floor(size / 2)), spare);
    const kept = this.#messages.slice(start, start + size);
    if (start < spare) this.#following = false;
    this.#forget([...this.#messages.slice(0, start), ...this.#messages.slice(start + size)]);
    this.#messages = kept;
  }

  // Internal

  #hold(message) {
    // What finds no room is fetched later, since `head` remembers that it exists.
    if (this.#held.size < HELD_LIMIT) this.#held.set(message.version, message);
  }

  #release() {
    for (const version of this.#held.keys()) {
      if (version <= this.cursor) this.#held.delete(version);
    }
    for (let next = this.#takeNext(); next; next = this.#takeNext()) {
      this.cursor = next.version;
      this.#place(next);
    }
  }

  #takeNext() {
    const next = this.#held.get(this.cursor + 1);
    this.#held.delete(this.cursor + 1);
    return next;
  }

  #place(message) {
    this.onChange(message);
    this.count = Math.max(this.count, message.number);
    const known = this.find(message.number);
    if (!known) {
      this.#remember(message);
      this.#grow();
    } else if (message.version > known.version) {
      this.#messages[message.number - this.first] = message;
    }
    this.#countReply(message);
  }

  /** A reply changes nothing of the message its thread began with, so it is counted there. */
  #countReply({ number, threadRoot }) {
    const root = threadRoot && (this.find(threadRoot) ?? this.#strays.get(threadRoot));
    if (!root || (root.lastReply ?? 0) >= number) return;
    const counted = { ...root, replyCount: (root.replyCount ?? 0) + 1, lastReply: number };
    if (this.find(threadRoot)) this.#messages[threadRoot - this.first] = counted;
    else this.#strays.set(threadRoot, counted);
  }

  /** Counts the replies that came after a page was read. */
  #countReplies() {
    const replies = [...this.#messages, ...this.#strays.values()].filter((one) => one.threadRoot);
    replies.sort((one, other) => one.number - other.number);
    for (const reply of replies) this.#countReply(reply);
  }

  #remember(message) {
    const known = this.#strays.get(message.number);
    if (known?.version >= message.version) return;
    this.#strays.delete(message.number);
    this.#strays.set(message.number, message);
    if (this.#strays.size <= STRAYS_LIMIT) return;
    const [oldest] = this.#strays.values();
    this.#strays.delete(oldest.number);
    this.#forget([oldest]);
  }

  #forget(messages) {
    for (const { version } of messages) this.#oldestPage = Math.max(this.#oldestPage, version);
  }

  #newest(message) {
    const known = this.find(message.number) ?? this.#strays.get(message.number);
    return isNewer(known, message) ? known : message;
  }

  #adopt(messages) {
    this.#messages = messages;
    for (const { number } of messages) this.#strays.delete(number);
    this.count = Math.max(this.count, this.last);
    this.#countReplies();
  }

  /** The end of the stretch moved: it follows from now on if that is the newest message. */
  #reach() {
    this.#following = true;
    this.#grow();
    this.#following = this.last >= this.count;
  }

  #grow() {
    while (this.#following && this.#strays.has(this.last + 1)) {
      const message = this.#strays.get(this.last + 1);
      this.#strays.delete(message.number);
      this.#messages.push(message);
    }
  }
}

/** Whether one state of a message is later than another; replies count without a new version. */
function isNewer(one, other) {
  if (!one || one.version !== other.version) return one?.version > other.version;
  return (one.lastReply ?? 0) > (other.lastReply ?? 0);
}
