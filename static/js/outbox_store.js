// Where the outbox keeps its entries: IndexedDB, which outlives the page.
import { openDB } from "idb";

const NAME = "projchat";
const ENTRIES = "outbox";

/** The store of this browser; one that lives as long as the page where the browser forbids any. */
export async function openStore() {
  try {
    return new DatabaseStore(await openDB(NAME, 1, { upgrade: create }));
  } catch {
    return new MemoryStore();
  }
}

class DatabaseStore {
  #database;
  // Takes what the database refuses: a full disk must not keep a message from being sent.
  #spare = new MemoryStore();

  constructor(database) {
    this.#database = database;
    // A page of a newer version wants to change the database: make way.
    database.addEventListener("versionchange", () => database.close());
  }

  async all(userId) {
    const stored = await this.#database.getAllFromIndex(ENTRIES, "userId", userId).catch(() => []);
    return [...stored, ...(await this.#spare.all(userId))];
  }

  /** The entries of everybody who has written in this browser. */
  async everybodys() {
    const stored = await this.#database.getAll(ENTRIES).catch(() => []);
    return [...stored, ...(await this.#spare.everybodys())];
  }

  put(entry) {
    return this.#database.put(ENTRIES, entry).catch(() => this.#spare.put(entry));
  }

  async delete(id) {
    await this.#spare.delete(id);
    await this.#database.delete(ENTRIES, id).catch(() => {});
  }
}

export class MemoryStore {
  #entries = new Map();
  #lastId = 0;

  async all(userId) {
    return [...this.#entries.values()].filter((entry) => entry.userId === userId);
  }

  async everybodys() {
    return [...this.#entries.values()];
  }

  async put(entry) {
    const id = entry.id ?? `memory-${++this.#lastId}`;
    this.#entries.set(id, { ...entry, id });
    return id;
  }

  async delete(id) {
    this.#entries.delete(id);
  }
}

function create(database) {
  // The key grows with each entry, so it is the order of writing across all tabs.
  const entries = database.createObjectStore(ENTRIES, { keyPath: "id", autoIncrement: true });
  entries.createIndex("userId", "userId");
}
