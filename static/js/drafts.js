// What was being written in each project, kept in this browser until it is sent.
const PREFIX = "projchat.draft";

export class Drafts {
  #storage;
  #key;

  /** `storage()` gives the place; a browser that forbids one throws. */
  constructor({ storage, userId, projectId }) {
    this.#storage = storage;
    this.#key = `${PREFIX}.${userId}.${projectId}`;
  }

  /** The draft: `{content, replyTo}`. */
  read() {
    try {
      return { content: "", replyTo: null, ...JSON.parse(this.#storage().getItem(this.#key)) };
    } catch {
      return { content: "", replyTo: null };
    }
  }

  write(draft) {
    try {
      if (draft.content.trim() === "" && !draft.replyTo) this.#storage().removeItem(this.#key);
      else this.#storage().setItem(this.#key, JSON.stringify(draft));
    } catch {
      // Storage may be full or forbidden; the text is still in the composer.
    }
  }
}
