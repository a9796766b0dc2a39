// What a person is owed after the database was put back to an earlier state: how many of the messages
// that this browser has seen are gone, and the texts of their own that belong to the history before.
// Those were unsent, drafts, or sent and lost; none of them is sent again without a click. No DOM.
//
// A person is known by the username, which no restore gives to somebody else; ids may be given out again.
import { keptDrafts } from "projchat/drafts";
import { newId } from "projchat/helpers/ids";
import { exclusively } from "projchat/helpers/locks";

const LOCK = "projchat.recovery";
const MOST_SEEN = 500;
const PAGE_SIZE = 200;
const NOTHING = { isRestored: false, isCompared: true, gone: [], texts: [] };

export class Recovery {
  #viewer;
  #history;
  #store;
  #outbox;
  #drafts;
  #call;

  /**
   * `viewer` is `{id, username}`. `store` and `outbox` are promises of the stores of this module and
   * of the outbox, `drafts()` gives the storage of drafts, `call` is the API.
   */
  constructor({ viewer, history, store, outbox, drafts, call }) {
    this.#viewer = viewer;
    this.#history = history;
    this.#store = store;
    this.#outbox = outbox;
    this.#drafts = drafts;
    this.#call = call;
  }

  /**
   * What is to be told: `{isRestored, isCompared, gone, texts}`. `gone` has `{projectName, count}` for
   * each project, and is all of it if `isCompared`; `texts` are in the order they were written.
   */
  async find() {
    const store = await this.#store;
    if (!store || !this.#history) return NOTHING;
    await exclusively(LOCK, () => this.#collect(store));
    const records = (await store.all()).filter((record) => this.#isMine(record));
    const ofType = (type) => records.filter((record) => record.type === type);
    return {
      isRestored: records.length > 0,
      isCompared: ofType("seen").length === 0,
      gone: ofType("gone").filter(countOf).map(counted),
      texts: ofType("text").sort((one, other) => (one.createdAt < other.createdAt ? -1 : 1)),
    };
  }

  /**
   * Keeps in mind what this page has seen: after a restore that is compared with what the server has.
   * Without a project, only that its person was here.
   */
  async see(project = { id: 0, name: "" }, messages = []) {
    const store = await this.#store;
    if (!store || !this.#history) return;
    const key = this.#keyOf("seen", this.#history, project.id);
    const about = { projectId: project.id, projectName: project.name };
    await exclusively(LOCK, async () => {
      const { messages: known = [] } = (await store.get(key)) ?? {};
      const seen = new Map(known.map((each) => [each.clientId, each]));
      for (const message of messages) {
        // What its author has deleted is not to come back either.
        if (isSaid(message)) seen.set(message.clientId, this.#brief(message));
        else seen.delete(message.clientId);
      }
      await store.put({
        ...this.#mark("seen"),
        key,
        ...about,
        messages: newest([...seen.values()]),
      });
    });
  }

  /** Forgets what was seen, at the log-out. Texts that wait for a decision stay. */
  async forget() {
    const store = await this.#store;
    const { username } = this.#viewer;
    await this.#deleteWhere(store, (one) => one.type === "seen" && one.username === username);
  }

  /** Keeps a text of this page that is kept nowhere else: `{content, projectName}`. */
  async keep({ content, projectName }) {
    const store = await this.#store;
    const history = this.#history;
    const clientId = newId();
    if (store)
      await this.#putText(store, { content, projectName, history, clientId, ...asDraft() });
  }

  /** Hands a text to `take`, once for all tabs, and lets go of it. */
  async release(key, take) {
    const store = await this.#store;
    await exclusively(LOCK, async () => {
      const text = await store.get(key);
      if (!text) return;
      await take(text);
      await store.delete(key);
    });
  }

  /** The person has read what is gone. */
  async dismiss() {
    const store = await this.#store;
    await this.#deleteWhere(store, (one) => one.type === "gone" && this.#isMine(one));
  }

  // Collecting

  async #collect(store) {
    await this.#collectDrafts(store);
    await this.#collectUnsent(store);
    // A text that was kept as the page was left is no use where the history went on.
    await this.#deleteWhere(store, (one) => one.type === "text" && one.history === this.#history);
    for (const record of await store.all()) {
      if (record.type === "seen" && this.#isMine(record)) await this.#compare(store, record);
    }
  }

  async #collectDrafts(store) {
    for (const { key, writtenAt, ...draft } of this.#keptDrafts()) {
      if (!this.#isMine(draft)) continue;
      // Found again after a page that ended half-way, it is still the same text.
      const known = await store.get(`text ${key}`);
      const clientId = known?.clientId ?? newId();
      await this.#putText(store, { ...draft, ...asDraft(writtenAt), clientId }, key);
      this.#drafts().removeItem(key);
    }
  }

  #keptDrafts() {
    try {
      return keptDrafts(this.#drafts());
    } catch {
      return [];
    }
  }

  async #collectUnsent(store) {
    const outbox = await this.#outbox;
    for (const { id, attachments = [], ...entry } of await outbox.everybodys()) {
      if (!this.#isMine(entry)) continue;
      const files = attachments.map(({ name }) => name);
      await this.#putText(store, { ...entry, kind: "unsent", files });
      await outbox.delete(id);
    }
  }

  /** Keeps a text under a name that it has each time it is found. */
  async #putText(store, text, name = text.clientId) {
    const { content, projectName, kind, createdAt, history, files = [], clientId } = text;
    if (content.trim() === "" && files.length === 0) return;
    const what = { content, projectName, kind, createdAt, history, files, clientId };
    await store.put({ ...this.#mark("text"), ...what, key: `text ${name}` });
  }

  /** Compares what was seen with what is there; without an answer the next page does it. */
  async #compare(store, seen) {
    let lost;
    try {
      lost = await this.#lostOf(seen);
    } catch {
      return;
    }
    const { history, projectId, projectName } = seen;
    const key = this.#keyOf("gone", history, projectId);
    const told = new Set((await store.get(key))?.clientIds);
    const untold = lost.filter(({ clientId }) => !told.has(clientId));
    for (const { clientId } of untold) told.add(clientId);
    for (const mine of untold.filter((each) => each.isMine)) {
      await this.#putText(store, { ...mine, history, projectName, kind: "sent" });
    }
    await store.put({ ...this.#mark("gone"), key, history, projectName, clientIds: [...told] });
    await store.delete(seen.key);
  }

  /** What is not in the project any more, or in none where I may look. */
  async #lostOf({ projectId, messages }) {
    if (messages.length === 0) return [];
    const numbers = messages.map(({ number }) => number);
    const there = new Set();
    let after = Math.min(...numbers) - 1;
    while (after < Math.max(...numbers)) {
      const page = await this.#page(projectId, after);
      if (page.length === 0) break;
      for (const { clientId } of page) there.add(clientId);
      after = page.at(-1).number;
    }
    return messages.filter(({ clientId }) => !there.has(clientId));
  }

  async #page(projectId, after) {
    const query = `after=${after}&limit=${PAGE_SIZE}`;
    try {
      return (await this.#call("GET", `/api/projects/${projectId}/messages?${query}`)).messages;
    } catch (error) {
      if (error.status === 404) return [];
      throw error;
    }
  }

  // Internal

  /** Of another history, and of this person; an old draft has no username yet. */
  #isMine({ history, username, userId }) {
    if (!history || history === this.#history) return false;
    return username ? username === this.#viewer.username : userId === this.#viewer.id;
  }

  async #deleteWhere(store, isMeant) {
    const meant = ((await store?.all()) ?? []).filter(isMeant);
    await Promise.all(meant.map(({ key }) => store.delete(key)));
  }

  #mark(type) {
    return { type, username: this.#viewer.username, history: this.#history };
  }

  #keyOf(type, history, projectId) {
    return [type, history, this.#viewer.username, projectId].join(" ");
  }

  #brief({ clientId, number, author, content, createdAt, attachments }) {
    if (author.id !== this.#viewer.id) return { clientId, number, isMine: false };
    const files = attachments?.map(({ name }) => name) ?? [];
    return { clientId, number, isMine: true, content, createdAt, files };
  }
}

function isSaid({ kind, deletedAt, number }) {
  return kind === "text" && !deletedAt && number;
}

function countOf({ clientIds }) {
  return clientIds.length;
}

function counted(record) {
  return { ...record, count: countOf(record) };
}

/** A window's worth of messages. */
function newest(messages) {
  return messages.sort((one, other) => one.number - other.number).slice(-MOST_SEEN);
}

function asDraft(createdAt = new Date().toISOString()) {
  return { kind: "draft", createdAt };
}
