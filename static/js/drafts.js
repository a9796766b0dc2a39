// What was being written in each project, kept in this browser until it is sent. All my tabs of a
// project show it, as long as they are of one history of the database.
const PREFIX = "projchat.draft";

export class Drafts {
  #storage;
  #key;
  #origin;
  #taken = parse(null);
  #isWithheld = false;

  /**
   * `storage()` gives the place; a browser that forbids one throws. `origin` says who writes
   * (`userId`, `username`), under which `history`, and how the project is called (`projectName`);
   * `place` is the project's id, or that of a thread in it.
   */
  constructor({ storage, origin, place }) {
    this.#storage = storage;
    this.#key = [PREFIX, origin.history, origin.userId, place].join(".");
    this.#origin = origin;
  }

  /** Takes up the draft that is kept: `{content, replyTo}`. */
  read() {
    this.#taken = this.#stored();
    return this.#taken;
  }

  /** Answers with the draft of another tab that waited until there is room for it, or with null. */
  write(draft) {
    const isAwaited = this.#isWithheld && isEmpty(draft);
    this.#isWithheld = false;
    if (isAwaited) return this.read();
    this.#keep(draft);
    return null;
  }

  /**
   * This draft is sent, and is one no more. What another tab has written meanwhile is: answers with
   * it if `shown`, what the tab shows now, leaves room for it, or with null.
   */
  sent(draft, shown) {
    if (isSame(this.#stored(), draft)) this.#keep(parse(null));
    if (!isEmpty(shown)) return null;
    this.#isWithheld = false;
    return isEmpty(this.#stored()) ? null : this.read();
  }

  /**
   * The draft as another tab has just left it, by its "storage" event, for a tab that shows `draft`.
   * It is null if that is none of ours, or if another text is being written here: that one stays
   * until it is sent or emptied.
   */
  hear({ key }, draft, isWriting) {
    if (key !== this.#key) return null;
    if (!isWriting || isEmpty(draft) || isSame(draft, this.#taken)) return this.read();
    // Where two tabs write at one moment, the one may have taken away what the other had just kept.
    this.#isWithheld = !isEmpty(this.#stored());
    if (!this.#isWithheld) this.#keep(draft);
    return null;
  }

  #stored() {
    try {
      const { content, replyTo } = parse(this.#storage().getItem(this.#key));
      return { content, replyTo };
    } catch {
      return parse(null);
    }
  }

  get #stamp() {
    const { history, userId, username, projectName } = this.#origin;
    return { history, userId, username, projectName, writtenAt: new Date().toISOString() };
  }

  #keep(draft) {
    try {
      if (isEmpty(draft)) this.#storage().removeItem(this.#key);
      else this.#storage().setItem(this.#key, JSON.stringify({ ...this.#stamp, ...draft }));
    } catch {
      // Storage may be full or forbidden; the text is still in the composer.
    }
  }
}

/** All drafts that are kept: `{key, content, history, userId, username, projectName, writtenAt}`. */
export function keptDrafts(storage) {
  const keys = Object.keys(storage).filter((key) => key.startsWith(`${PREFIX}.`));
  return keys.map((key) => ({ key, ...parse(storage.getItem(key)) }));
}

/** Gives what a version that knew no histories has kept a place under one. */
export function adoptDrafts(storage, history) {
  for (const { key, history: known, ...draft } of keptDrafts(storage)) {
    if (known) continue;
    const [userId, ...place] = key.slice(PREFIX.length + 1).split(".");
    const adopted = { ...draft, history, userId: Number(userId) };
    storage.setItem([PREFIX, history, userId, ...place].join("."), JSON.stringify(adopted));
    storage.removeItem(key);
  }
}

function isEmpty({ content, replyTo }) {
  return content.trim() === "" && !replyTo;
}

function isSame(one, other) {
  return one.content === other.content && one.replyTo === other.replyTo;
}

function parse(text) {
  const nothing = { content: "", replyTo: null };
  try {
    return { ...nothing, ...JSON.parse(text) };
  } catch {
    return nothing;
  }
}
