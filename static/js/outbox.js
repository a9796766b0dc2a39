// Messages on their way to the server. They are stored before they are sent and leave the store
// when the server has answered, so neither a reload nor a crash of the tab loses one; sending one
// twice is harmless, since its `clientId` stays the same. No DOM.
import { exclusively } from "projchat/helpers/locks";

const FIRST_DELAY = 1000;
const LONGEST_DELAY = 15_000;
const RATE_LIMITED = 429;
// Refusals that a later try may overcome: log in again, time-out, too early, too many.
const PASSING = new Set([401, 408, 425, RATE_LIMITED]);
// The page gets a new token, or starts afresh and leaves the entry to its author.
const PASSING_CODES = new Set(["csrf_failed", "history_changed"]);

export class Outbox {
  #userId;
  #origin;
  #store;
  #send;
  #channel;
  #onChange;
  #onSent;
  #random;
  #entries = [];
  #working = new Set();
  #stuck = new Set();
  #sleepers = new Set();

  /**
   * `store`, or a promise of it, keeps the entries; `send(entry)` posts one and resolves with the
   * message. `origin` is the `history` whose entries these are, and the `username` that still tells
   * in another history who wrote them. `channel` is a BroadcastChannel that reaches the other tabs of this person; all tabs
   * see one outbox.
   */
  constructor({ userId, origin, store, send, channel, onChange, onSent, random = Math.random }) {
    this.#userId = userId;
    this.#origin = origin;
    this.#store = store;
    this.#send = send;
    this.#channel = channel;
    this.#onChange = onChange;
    this.#onSent = onSent;
    this.#random = random;
  }

  /** Reads what an earlier page left behind and goes on sending it. */
  async start() {
    this.#channel?.addEventListener("message", ({ data }) => this.#hear(data));
    await this.#adopt();
    await this.#reload();
    this.#work();
  }

  /** What waits or has failed in a project, in the order it was written. */
  entries(projectId) {
    return this.#entries.filter((entry) => entry.projectId === projectId);
  }

  /** How many messages of a project wait to be sent. */
  waiting(projectId) {
    return this.entries(projectId).filter((entry) => !entry.error).length;
  }

  /** Whether the last try to send something of a project failed. */
  isStuck(projectId) {
    return this.#stuck.has(projectId);
  }

  /** Stores a message and sends it as soon as may be. Resolves once it is stored. */
  async add(message) {
    const createdAt = new Date().toISOString();
    const entry = { ...message, userId: this.#userId, ...this.#origin, createdAt };
    this.#entries.push(entry);
    this.#onChange();
    entry.id = await (await this.#store).put(entry);
    this.#tell();
    this.#work();
  }

  /** Sends a refused message once more. */
  async retry(clientId) {
    const entry = this.#find(clientId);
    if (!entry?.error) return;
    const { error: _, ...again } = entry;
    await this.#replace(again);
    this.#work();
  }

  /** Takes a message out, to edit it or to let it go. */
  async discard(clientId) {
    const entry = this.#find(clientId);
    if (!entry) return;
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#onChange();
    await (await this.#store).delete(entry.id);
    this.#tell();
  }

  /** Tries at once: the connection is back. A server that asked for patience is given it. */
  wake() {
    for (const wake of this.#sleepers) wake();
    this.#work();
  }

  // Sending: one at a time in each project, in the order it was written.

  #work() {
    for (const { projectId } of this.#entries) {
      if (!this.#working.has(projectId)) this.#workOn(projectId);
    }
  }

  async #workOn(projectId) {
    this.#working.add(projectId);
    let failures = 0;
    try {
      while (this.#next(projectId)) {
        const refusal = await this.#sendNext(projectId).catch((error) => error);
        failures = refusal ? failures + 1 : 0;
        this.#setStuck(projectId, failures > 0);
        if (refusal) await this.#sleep(refusal, failures);
      }
    } finally {
      this.#working.delete(projectId);
    }
  }

  #setStuck(projectId, stuck) {
    if (stuck === this.#stuck.has(projectId)) return;
    if (stuck) this.#stuck.add(projectId);
    else this.#stuck.delete(projectId);
    this.#onChange();
  }

  #next(projectId) {
    return this.#entries.find((entry) => entry.projectId === projectId && entry.id && !entry.error);
  }

  /** Resolves with what stands in the way for now, if anything does. */
  #sendNext(projectId) {
    return exclusively(`projchat.outbox.${this.#userId}.${projectId}`, async () => {
      // Another tab may have sent it while this one waited for its turn.
      await this.#reload();
      const entry = this.#next(projectId);
      if (entry) return this.#attempt(entry);
    });
  }

  async #attempt(entry) {
    let message;
    try {
      message = await this.#send(entry);
    } catch (error) {
      if (!isFinal(error)) return error;
      await this.#replace({ ...entry, error: describe(error) });
      return null;
    }
    // The message takes the entry's place in one step, so that nothing flickers.
    this.#entries = this.#entries.filter((other) => other.id !== entry.id);
    this.#onSent(message);
    await (await this.#store).delete(entry.id);
    this.#tell({ message });
    return null;
  }

  #sleep({ retryAfter }, failures) {
    const backOff = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (failures - 1));
    const jittered = backOff * (0.5 + this.#random());
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, (retryAfter ?? 0) * 1000 + jittered);
      if (!retryAfter) this.#sleepers.add(wake);
    });
  }

  // The store, and the other tabs

  #find(clientId) {
    return this.#entries.find((entry) => entry.clientId === clientId);
  }

  async #replace(entry) {
    this.#entries = this.#entries.map((other) => (other.id === entry.id ? entry : other));
    this.#onChange();
    await (await this.#store).put(entry);
    this.#tell();
  }

  /** What a version that knew no histories has stored is of this one: nothing says otherwise. */
  async #adopt() {
    const store = await this.#store;
    const entries = await store.all(this.#userId);
    const bare = entries.filter(({ history }) => !history);
    await Promise.all(bare.map((entry) => store.put({ ...entry, ...this.#origin })));
  }

  async #reload() {
    const stored = (await (await this.#store).all(this.#userId)).filter(this.#isOurs);
    const known = new Set(stored.map(({ clientId }) => clientId));
    // What is being stored right now is not read yet.
    const fresh = this.#entries.filter(({ id, clientId }) => !id && !known.has(clientId));
    this.#entries = [...stored, ...fresh];
    this.#onChange();
  }

  /** What was written under another history waits for its author's decision; see recovery.js. */
  #isOurs = ({ history }) => !history || history === this.#origin.history;

  #tell(news = {}) {
    this.#channel?.postMessage(news);
  }

  async #hear({ message }) {
    if (message) this.#onSent(message);
    await this.#reload();
    this.#work();
  }
}

/** True if trying again would get the same answer. */
export function isFinal({ status, code }) {
  return status >= 400 && status < 500 && !PASSING.has(status) && !PASSING_CODES.has(code);
}

function describe({ code, message, fields }) {
  return { code, message: Object.values(fields ?? {})[0] ?? message };
}
