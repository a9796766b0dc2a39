// Files on their way to the server, in chunks: what breaks off goes on where it stopped. A file that
// is there waits for the message that takes it along. No DOM.
import { sizeOf } from "projchat/helpers/sizes";
import { t } from "projchat/i18n";
import { isFinal } from "projchat/outbox";

const MOST = 10;
const AT_ONCE = 2;
const FIRST_CHUNK = 128 * 1024;
const LARGEST_CHUNK = 1024 * 1024;
const QUICK = 1000;
const CHUNK_TIMEOUT = 60_000;
const FIRST_DELAY = 1000;
const LONGEST_DELAY = 15_000;

export class Uploads {
  #call;
  #limit;
  #onChange;
  #random;
  #items = [];
  #running = 0;
  #lastKey = 0;
  #sleepers = new Set();
  #awaiting = null;

  /**
   * `call(method, path, body, options)` asks the server for something under the project's uploads;
   * `limit` is the largest file that it takes.
   */
  constructor({ call, limit, onChange, random = Math.random }) {
    this.#call = call;
    this.#limit = limit;
    this.#onChange = onChange;
    this.#random = random;
  }

  /** The files, in the order they were chosen; `state` is waiting, sending, stuck, done or failed. */
  get items() {
    return this.#items;
  }

  get isEmpty() {
    return this.#items.length === 0;
  }

  /** Whether something is still going up. */
  get isBusy() {
    return this.#items.some(({ state }) => state !== "done" && state !== "failed");
  }

  /** Whether a message waits for its files. */
  get isAwaited() {
    return this.#awaiting !== null;
  }

  /** Takes as many files as go with one message; answers with how many did not. */
  add(files) {
    const taken = files.slice(0, MOST - this.#items.length);
    for (const file of taken) this.#items.push(this.#itemOf(file));
    this.#changed();
    this.#work();
    return files.length - taken.length;
  }

  /** Takes back what a message had that is not sent after all. */
  restore(attachments) {
    for (const attachment of attachments) {
      const { id, name, size } = attachment;
      this.#items.push({
        key: this.#nextKey(),
        id,
        name,
        size,
        sent: size,
        state: "done",
        attachment,
      });
    }
    this.#changed();
  }

  /** Gives up a file. */
  remove(key) {
    const item = this.#find(key);
    if (!item) return;
    this.#items = this.#items.filter((other) => other !== item);
    item.abort?.abort();
    // Its place is free at once, though it may just be waiting for its next try.
    this.wake();
    // Should this not arrive, the server forgets the file by itself.
    if (item.id) this.#call("DELETE", `/${item.id}`).catch(() => {});
    this.#changed();
  }

  /** Tries once more what was refused. */
  retry(key) {
    const item = this.#find(key);
    if (!item?.mayRetry) return;
    Object.assign(item, { state: "waiting", error: null, isUncertain: Boolean(item.id) });
    this.#changed();
    this.#work();
  }

  /** Tries at once: the connection is back. */
  wake() {
    for (const wake of this.#sleepers) wake();
  }

  /** Whether a file was refused and has not been taken away since. */
  get hasFailed() {
    return this.#items.some(({ state }) => state === "failed");
  }

  /** Resolves once all files are there, or one of them is refused; true if a message can go. */
  async settled() {
    if (this.isBusy && !this.hasFailed) {
      await new Promise((resolve) => {
        this.#awaiting = resolve;
        this.#onChange();
      });
    }
    return !this.isBusy && !this.hasFailed;
  }

  /** The message does not wait for its files after all. */
  letGo() {
    this.#awaiting?.();
    this.#awaiting = null;
    this.#onChange();
  }

  /** Hands over what has come, for a message. */
  take() {
    const taken = this.#items.filter(({ state }) => state === "done");
    this.#items = this.#items.filter(({ state }) => state !== "done");
    this.#changed();
    return taken.map(({ attachment }) => attachment);
  }

  // Going up

  #work() {
    while (this.#running < AT_ONCE) {
      const item = this.#items.find(({ state }) => state === "waiting");
      if (!item) return;
      item.state = "sending";
      this.#run(item);
    }
  }

  async #run(item) {
    this.#running += 1;
    let failures = 0;
    while (this.#isGoingUp(item)) {
      const trouble = await this.#step(item).catch((error) => error);
      failures = trouble ? failures + 1 : 0;
      if (trouble) await this.#overcome(item, trouble, failures);
      this.#changed();
    }
    this.#running -= 1;
    this.#work();
  }

  /** Announces the file, asks how far it has come, or sends its next bytes. */
  async #step(item) {
    const signal = AbortSignal.any([item.abort.signal, AbortSignal.timeout(CHUNK_TIMEOUT)]);
    let answer;
    if (!item.id) answer = await this.#announce(item, signal);
    else if (item.isUncertain)
      answer = await this.#call("GET", `/${item.id}`, undefined, { signal });
    else answer = await this.#sendChunk(item, signal);
    Object.assign(item, { id: answer.id, sent: answer.offset, isUncertain: false });
    item.attachment = answer.attachment;
    item.state = answer.attachment ? "done" : "sending";
  }

  #announce({ name, size, file }, signal) {
    return this.#call("POST", "", { name, size, type: file.type }, { signal });
  }

  async #sendChunk(item, signal) {
    const body = await read(item.file.slice(item.sent, item.sent + item.chunk));
    const headers = { "Upload-Offset": String(item.sent) };
    const began = performance.now();
    const answer = await this.#call("PATCH", `/${item.id}`, body, { signal, headers });
    if (performance.now() - began < QUICK) item.chunk = Math.min(item.chunk * 2, LARGEST_CHUNK);
    return answer;
  }

  async #overcome(item, trouble, failures) {
    if (!this.#isGoingUp(item)) return;
    item.isUncertain = Boolean(item.id);
    item.chunk = FIRST_CHUNK;
    if (isFinal(trouble) && trouble.code !== "upload_offset") {
      Object.assign(item, { state: "failed", error: reasonOf(trouble), mayRetry: true });
      return;
    }
    item.state = "stuck";
    this.#changed();
    await this.#sleep(trouble, failures);
  }

  #sleep({ retryAfter }, failures) {
    const backOff = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (failures - 1));
    const delay = (retryAfter ?? 0) * 1000 + backOff * (0.5 + this.#random());
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, delay);
      this.#sleepers.add(wake);
    });
  }

  // Internal

  #itemOf(file) {
    const { name, size } = file;
    const item = { key: this.#nextKey(), file, name, size, sent: 0, chunk: FIRST_CHUNK };
    const error = this.#objectionTo(file);
    if (error) return { ...item, state: "failed", error, mayRetry: false };
    return { ...item, state: "waiting", abort: new AbortController() };
  }

  #objectionTo({ size }) {
    if (size === 0) return t("The file is empty.");
    if (size > this.#limit) return t("It is larger than {size}.", { size: sizeOf(this.#limit) });
    return null;
  }

  #isGoingUp(item) {
    return this.#items.includes(item) && (item.state === "sending" || item.state === "stuck");
  }

  #find(key) {
    return this.#items.find((item) => item.key === key);
  }

  #nextKey() {
    this.#lastKey += 1;
    return this.#lastKey;
  }

  #changed() {
    if (this.isAwaited && (this.hasFailed || !this.isBusy)) this.letGo();
    else this.#onChange();
  }
}

/** The bytes of a piece of a file; it may have been changed or taken away since it was chosen. */
async function read(piece) {
  try {
    return new Blob([await piece.arrayBuffer()]);
  } catch {
    throw Object.assign(new Error(t("The file cannot be read.")), { status: 400 });
  }
}

function reasonOf({ message, fields }) {
  return Object.values(fields ?? {})[0] ?? message;
}
