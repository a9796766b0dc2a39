// Readers and writers as the page has them: its own timeline, live connection and outbox on npm's
// socket.io-client, many in one process. Orders come in and answers go out as lines of JSON.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { io } from "socket.io-client";
import "../js/support.mjs";

const { Live, LIVE } = await import("projchat/live");
const { Outbox } = await import("projchat/outbox");
const { MemoryStore } = await import("projchat/outbox_store");
const { Timeline } = await import("projchat/timeline");

const PAGE_SIZE = 100;
const CHANGES = ["new-message", "message-updated"];
console.log = () => {};

class Client {
  timeline = new Timeline();
  sent = [];
  applied = [];
  complaints = [];
  heard = new Map();
  resets = 0;
  events = 0;
  #lastEventAt = 0;

  constructor({ name, url, cookie, csrfToken, userId, projectId }) {
    Object.assign(this, { name, url, cookie, csrfToken, projectId });
    this.path = `/api/projects/${projectId}/messages`;
    this.socket = io(url, {
      path: "/api/socket",
      transports: ["websocket"],
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
      extraHeaders: { Cookie: cookie, Origin: url },
    });
    const nothing = () => {};
    const news = {
      timeline: () => this.#look(),
      reset: () => this.#startedAfresh(),
      // As the page does: the connection is back, so the outbox need not wait any longer.
      light: () => this.live.state === LIVE && this.outbox.wake(),
      mayReturn: () => this.#isLoggedIn(),
    };
    this.live = new Live({
      socket: this.socket,
      projectId,
      timeline: this.timeline,
      // What only a page shows is of no interest here.
      on: new Proxy(news, { get: (known, name) => known[name] ?? nothing }),
    });
    this.socket.onAny((event, news) => {
      if (CHANGES.includes(event)) this.#hear(news);
      if (event !== "presence") {
        this.events += 1;
        this.#lastEventAt = Date.now();
      }
    });
    this.outbox = new Outbox({
      userId,
      store: new MemoryStore(),
      send: (entry) => this.#post(entry),
      onSent: (message) => this.#posted(message),
      onChange: nothing,
    });
  }

  async open({ whole = true } = {}) {
    const page = await this.#get(`?limit=${PAGE_SIZE}`);
    this.timeline.reset(page, page.messages.at(-1)?.number ?? 0);
    if (whole) await this.readOlder();
    this.applied = [this.timeline.cursor];
    this.live.start();
    await this.outbox.start();
  }

  /** Scrolls up to the first message. */
  async readOlder() {
    while (this.timeline.hasOlder && this.timeline.messages.length) {
      const page = await this.#get(`?limit=${PAGE_SIZE}&before=${this.timeline.first}`);
      this.timeline.addOlder(page);
    }
  }

  status() {
    const { cursor, head, count } = this.timeline;
    const green = this.live.state === LIVE;
    const waiting = this.outbox.waiting(this.projectId);
    const silent = Date.now() - this.#lastEventAt;
    const { resets, events, sent } = this;
    const state = this.live.state;
    return {
      green,
      state,
      cursor,
      head,
      count,
      waiting,
      resets,
      events,
      silent,
      sent: sent.length,
    };
  }

  async view() {
    await this.readOlder();
    const { applied, complaints, sent } = this;
    const heard = [...this.heard.values()];
    return { messages: this.timeline.messages, applied, complaints, heard, sent };
  }

  close() {
    this.live.stop();
  }

  /** Notes each message that it is told of once, also what is put right later. */
  #hear({ projectId, number, id, clientId }) {
    if (projectId !== this.projectId) return;
    this.heard.set(`${number} ${id} ${clientId}`, [number, id, clientId]);
  }

  #startedAfresh() {
    this.resets += 1;
    this.applied = [];
    this.#look();
  }

  /** Notes how far the timeline has come, and checks that its end is in order. */
  #look() {
    const { cursor, messages, head } = this.timeline;
    if (cursor !== this.applied.at(-1)) this.applied.push(cursor);
    if (this.live.state === LIVE && cursor < head && this.timeline.isCaughtUp) {
      this.complaints.push(`green at ${cursor} although the head is ${head}`);
    }
    const [last, previous] = [messages.at(-1), messages.at(-2)];
    if (previous && last.number !== previous.number + 1) {
      this.complaints.push(`${last.number} stands after ${previous.number}`);
    }
  }

  async #isLoggedIn() {
    try {
      const answer = await this.#fetch("/api/session");
      return (await answer.json()).user !== null;
    } catch {
      return true;
    }
  }

  async #post({ clientId, content, replyTo }) {
    const answer = await this.#fetch(this.path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.csrfToken },
      body: JSON.stringify({ clientId, content, replyTo }),
    });
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) return body;
    const retryAfter = Number.parseInt(answer.headers.get("Retry-After"), 10) || null;
    throw Object.assign(new Error(body.error?.message), body.error, {
      status: answer.status,
      retryAfter,
    });
  }

  #posted(message) {
    this.sent.push(message);
    this.timeline.apply(message);
    this.live.changed();
    this.#look();
  }

  async #get(query) {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await this.#fetch(this.path + query);
        if (answer.ok) return await answer.json();
      } catch {
        // Tried again below.
      }
      if (tries > 50) throw new Error(`${this.name} cannot read ${query}`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  #fetch(path, { headers = {}, ...options } = {}) {
    const signal = AbortSignal.timeout(20_000);
    const all = { Cookie: this.cookie, ...headers };
    return fetch(this.url + path, { ...options, headers: all, signal });
  }
}

/** What a reader shows in brief: a thousand of them fill no memory. */
function digest({ messages, applied, complaints }) {
  const falls = applied.filter((version, index) => index && version <= applied[index - 1]);
  const hash = createHash("sha256").update(JSON.stringify(messages)).digest("hex");
  return { hash, length: messages.length, complaints: [...complaints, ...falls.map(String)] };
}

const clients = new Map();
const some = (names) => (names ?? [...clients.keys()]).map((name) => clients.get(name));

async function all(names, act) {
  const answers = {};
  await Promise.all(
    some(names).map(async (client) => {
      answers[client.name] = await act(client);
    }),
  );
  return answers;
}

const ORDERS = {
  async open({ clients: wanted, whole }) {
    await Promise.all(
      wanted.map((values) => {
        const client = new Client(values);
        clients.set(client.name, client);
        return client.open({ whole });
      }),
    );
  },
  status: ({ names }) => all(names, (client) => client.status()),
  view: ({ names }) => all(names, (client) => client.view()),
  // Without a goodbye: what is on its way is lost.
  cut: ({ names }) =>
    all(names, (client) => void client.socket.io.engine?.transport?.ws?.terminate()),
  // The laptop is closed: nothing comes and nothing goes until `wake`.
  sleep: ({ names }) => all(names, (client) => void client.socket.disconnect()),
  wake: ({ names }) => all(names, (client) => void client.socket.connect()),
  digests: ({ names }) => all(names, async (client) => digest(await client.view())),
  verify: ({ names }) => all(names, (client) => client.live.verify()),
  send: ({ name, messages }) => {
    const client = clients.get(name);
    for (const message of messages) client.outbox.add({ projectId: client.projectId, ...message });
  },
  wakeOutbox: ({ names }) => all(names, (client) => void client.outbox.wake()),
  /** The clock of this computer is wrong from now on. */
  shiftClock({ seconds }) {
    const now = Date.now.bind(Date);
    Date.now = () => now() + seconds * 1000;
  },
  close: ({ names }) =>
    all(names, (client) => {
      client.close();
      clients.delete(client.name);
    }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, order, ...values } = JSON.parse(line);
  Promise.resolve()
    .then(() => ORDERS[order](values))
    .then((answer = null) => reply({ id, answer }))
    .catch((error) => reply({ id, error: error.stack }));
}
process.exit(0);

function reply(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
