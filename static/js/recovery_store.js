// Where texts of another history wait for their author's decision: IndexedDB, which outlives the page.
import { openDB } from "idb";

const NAME = "projchat-recovery";
const RECORDS = "records";

/** The store of this browser; one that keeps nothing where the browser forbids any. */
export async function openRecoveryStore() {
  try {
    return new RecoveryStore(await openDB(NAME, 1, { upgrade: create }));
  } catch {
    return null;
  }
}

class RecoveryStore {
  #database;

  constructor(database) {
    this.#database = database;
    database.addEventListener("versionchange", () => database.close());
  }

  all() {
    return this.#database.getAll(RECORDS);
  }

  get(key) {
    return this.#database.get(RECORDS, key);
  }

  put(record) {
    return this.#database.put(RECORDS, record);
  }

  delete(key) {
    return this.#database.delete(RECORDS, key);
  }
}

function create(database) {
  database.createObjectStore(RECORDS, { keyPath: "key" });
}
