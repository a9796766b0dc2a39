// What the tests share: our modules by the names that the import map gives them, a repeatable
// source of randomness, and a server that is nothing but a list.
import { register } from "node:module";

const root = new URL("../../static/", import.meta.url).href;

register(
  `data:text/javascript,${encodeURIComponent(`
    const vendor = { idb: "vendor/idb.js" };
    const empty = "data:text/javascript,export default {locale: 'en', messages: {}}";
    export function resolve(name, context, next) {
      if (name === "projchat/catalogue") return { url: empty, format: "module", shortCircuit: true };
      const path = name.startsWith("projchat/") ? "js/" + name.slice(9) + ".js" : vendor[name];
      if (!path) return next(name, context);
      return { url: ${JSON.stringify(root)} + path, format: "module", shortCircuit: true };
    }
  `)}`,
);

/** Numbers between 0 and 1 that are the same for the same seed (mulberry32). */
export function randomness(seed) {
  let state = seed;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    random,
    chance: (probability) => random() < probability,
    below: (limit) => Math.floor(random() * limit),
    pick: (list) => list[Math.floor(random() * list.length)],
  };
}

/** A project on the server: the messages, and the two counters that order them. */
export class ServerDouble {
  version = 0;
  messages = [];

  post(content, values = {}) {
    const number = this.messages.length + 1;
    const message = { number, content, author: { id: 1, name: "Alice" }, clientId: `c${number}` };
    return this.#stamp({ kind: "text", replyTo: null, deletedAt: null, ...message, ...values });
  }

  /** A reply is counted where its thread began, which is no change of that message. */
  reply(number) {
    const root = this.messages[number - 1].threadRoot ?? number;
    const message = this.post("reply", { replyTo: number, threadRoot: root });
    const begun = this.messages[root - 1];
    const counts = { replyCount: (begun.replyCount ?? 0) + 1, lastReply: message.number };
    this.messages[root - 1] = { ...begun, ...counts };
    return message;
  }

  edit(number, content) {
    return this.#stamp({ ...this.messages[number - 1], content });
  }

  delete(number) {
    return this.#stamp({ ...this.messages[number - 1], content: "", deletedAt: "now" });
  }

  since(version, limit = 500) {
    const changed = this.messages
      .filter((message) => message.version > version)
      .sort((a, b) => a.version - b.version);
    const messages = changed.slice(0, limit);
    const hasMore = changed.length > limit;
    return { messages, hasMore, version: hasMore ? messages.at(-1).version : this.version };
  }

  page(first, last) {
    return { messages: this.messages.slice(Math.max(0, first - 1), last), version: this.version };
  }

  newest(limit = 50) {
    return this.page(this.messages.length - limit + 1, this.messages.length);
  }

  before(number, limit = 50) {
    return this.page(number - limit, number - 1);
  }

  after(number, limit = 50) {
    return this.page(number + 1, number + limit);
  }

  around(number, limit = 50) {
    const start = Math.max(1, Math.min(number - limit / 2, this.messages.length - limit + 1));
    return this.page(start, start + limit - 1);
  }

  #stamp(message) {
    this.version += 1;
    this.messages[message.number - 1] = { ...message, version: this.version };
    return this.messages[message.number - 1];
  }
}

/** The browser's storage: its keys are properties. */
export class StorageDouble {
  constructor(items = {}) {
    Object.assign(this, items);
  }

  getItem(key) {
    return this[key] ?? null;
  }

  setItem(key, value) {
    this[key] = String(value);
  }

  removeItem(key) {
    delete this[key];
  }
}

/** Lets everything that only waits for promises go on. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
