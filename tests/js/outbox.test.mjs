import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { randomness, ServerDouble, settled } from "./support.mjs";

const { Outbox } = await import("projchat/outbox");
const { MemoryStore } = await import("projchat/outbox_store");

const ALICE = 1;
const BOB = 2;
const PROJECT = 7;

const browsers = [];

// What still waits when a test ends would keep the process alive.
afterEach(async () => {
  for (const browser of browsers.splice(0)) await browser.close();
});

/** A person's browser: one store, and tabs that hear of each other. */
class Browser {
  store = new MemoryStore();
  channels = [];
  posts = [];
  tabs = [];

  constructor(answer = (entry) => ({ ...entry, number: 1 })) {
    this.answer = answer;
    browsers.push(this);
  }

  async close() {
    this.answer = (entry) => entry;
    for (const { outbox } of this.tabs) outbox.wake();
    await settled();
  }

  async open(userId = ALICE, history = "a1") {
    const tab = { sent: [], changes: 0 };
    tab.outbox = new Outbox({
      userId,
      origin: { history, username: `user-${userId}` },
      store: this.store,
      channel: this.#channel(),
      random: () => 0.5,
      onChange: () => {
        tab.changes += 1;
      },
      onSent: (message) => tab.sent.push(message.content),
      send: async (entry) => {
        this.posts.push(entry.content);
        return this.answer(entry);
      },
    });
    this.tabs.push(tab);
    await tab.outbox.start();
    return tab;
  }

  #channel() {
    const channel = new EventTarget();
    channel.postMessage = (data) => {
      for (const other of this.channels) {
        if (other !== channel) other.dispatchEvent(new MessageEvent("message", { data }));
      }
    };
    this.channels.push(channel);
    return channel;
  }
}

function write(tab, content, projectId = PROJECT) {
  return tab.outbox.add({ projectId, clientId: `id of ${content}`, content, replyTo: null });
}

function refusal(status, values = {}) {
  return Object.assign(new Error("no"), { status, code: "refused", fields: {}, ...values });
}

const offline = () => {
  throw new Error("no connection");
};

const contents = (tab) => tab.outbox.entries(PROJECT).map(({ content }) => content);

test("it sends what is written, and the answer takes the entry's place", async () => {
  const browser = new Browser();
  const tab = await browser.open();
  await write(tab, "hello");
  await settled();
  assert.deepEqual(tab.sent, ["hello"]);
  assert.deepEqual(contents(tab), []);
  assert.deepEqual(await browser.store.all(ALICE), []);
});

test("it keeps the order, one in flight at a time", async () => {
  const answers = [];
  const browser = new Browser((entry) => new Promise((resolve) => answers.push([resolve, entry])));
  const tab = await browser.open();
  for (const content of ["one", "two", "three"]) await write(tab, content);
  for (const expected of ["one", "two", "three"]) {
    await settled();
    assert.equal(browser.posts.at(-1), expected);
    assert.equal(answers.length, browser.posts.length);
    const [resolve, entry] = answers.at(-1);
    resolve(entry);
  }
  await settled();
  assert.deepEqual(tab.sent, ["one", "two", "three"]);
});

test("a slow project does not hold another one up", async () => {
  let finish;
  const slow = new Promise((resolve) => {
    finish = resolve;
  });
  const browser = new Browser((entry) => (entry.projectId === PROJECT ? slow : entry));
  const tab = await browser.open();
  await write(tab, "slow");
  await write(tab, "quick", 8);
  await settled();
  assert.deepEqual(tab.sent, ["quick"]);
  finish({ content: "slow" });
  await settled();
  assert.deepEqual(tab.sent, ["quick", "slow"]);
});

test("it waits while there is no connection, and sends when it is woken", async () => {
  const browser = new Browser(offline);
  const tab = await browser.open();
  await write(tab, "one");
  await write(tab, "two");
  await settled();
  assert.deepEqual(browser.posts, ["one"]);
  assert.equal(tab.outbox.waiting(PROJECT), 2);
  browser.answer = (entry) => entry;
  tab.outbox.wake();
  await settled();
  assert.deepEqual(tab.sent, ["one", "two"]);
});

test("it backs off, longer each time and never for long", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const browser = new Browser(offline);
    const tab = await browser.open();
    await write(tab, "one");
    await settled();
    const delays = [];
    for (let attempt = 2; attempt <= 7; attempt += 1) {
      let waited = 0;
      while (browser.posts.length < attempt) {
        mock.timers.tick(500);
        await settled();
        waited += 500;
      }
      delays.push(waited);
    }
    assert.deepEqual(delays, [1000, 2000, 4000, 8000, 15000, 15000]);
    browser.answer = (entry) => entry;
    tab.outbox.wake();
    await settled();
  } finally {
    mock.timers.reset();
  }
});

test("it gives the server the time that it asks for", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const browser = new Browser(() => {
      throw refusal(429, { retryAfter: 10 });
    });
    const tab = await browser.open();
    await write(tab, "one");
    await settled();
    tab.outbox.wake();
    mock.timers.tick(10_000);
    await settled();
    assert.equal(browser.posts.length, 1);
    browser.answer = (entry) => entry;
    mock.timers.tick(1000);
    await settled();
    assert.deepEqual(tab.sent, ["one"]);
  } finally {
    mock.timers.reset();
  }
});

for (const status of [401, 429, 500, 503]) {
  test(`a message outlives an answer of ${status}`, async () => {
    let answers = 0;
    const browser = new Browser((entry) => {
      answers += 1;
      if (answers === 1) throw refusal(status);
      return entry;
    });
    const tab = await browser.open();
    await write(tab, "one");
    await settled();
    assert.equal(tab.outbox.waiting(PROJECT), 1);
    tab.outbox.wake();
    await settled();
    assert.deepEqual(tab.sent, ["one"]);
  });
}

test("a refusal marks the message with its reason and lets the next one pass", async () => {
  const browser = new Browser((entry) => {
    if (entry.content === "bad") throw refusal(422, { fields: { content: "Too long." } });
    return entry;
  });
  const tab = await browser.open();
  await write(tab, "bad");
  await write(tab, "good");
  await settled();
  assert.deepEqual(tab.sent, ["good"]);
  assert.equal(tab.outbox.waiting(PROJECT), 0);
  assert.equal(tab.outbox.entries(PROJECT)[0].error.message, "Too long.");
});

test("a refused message can be sent again or discarded", async () => {
  const browser = new Browser(() => {
    throw refusal(409);
  });
  const tab = await browser.open();
  await write(tab, "one");
  await write(tab, "two");
  await settled();
  browser.answer = (entry) => entry;
  await tab.outbox.discard("id of one");
  await tab.outbox.retry("id of two");
  await settled();
  assert.deepEqual(tab.sent, ["two"]);
  assert.deepEqual(await browser.store.all(ALICE), []);
});

test("what waited is sent after a reload", async () => {
  const browser = new Browser(offline);
  await write(await browser.open(), "one");
  await settled();
  browser.channels = [];
  browser.answer = (entry) => entry;
  const reloaded = await browser.open();
  await settled();
  assert.deepEqual(reloaded.sent, ["one"]);
});

test("two tabs show one outbox and send each message once", async () => {
  const browser = new Browser(offline);
  const first = await browser.open();
  const second = await browser.open();
  await write(first, "one");
  await write(second, "two");
  await write(first, "three");
  await settled();
  assert.deepEqual(contents(first), ["one", "two", "three"]);
  assert.deepEqual(contents(second), ["one", "two", "three"]);
  browser.posts = [];
  browser.answer = (entry) => entry;
  first.outbox.wake();
  second.outbox.wake();
  await settled();
  await settled();
  assert.deepEqual(browser.posts, ["one", "two", "three"]);
  assert.deepEqual(first.sent, ["one", "two", "three"]);
  assert.deepEqual(second.sent, ["one", "two", "three"]);
});

test("two tabs send each message once also where they do not hear of each other", async () => {
  const browser = new Browser(offline);
  const first = await browser.open();
  await write(first, "one");
  const second = await browser.open();
  browser.channels = [];
  await settled();
  browser.posts = [];
  browser.answer = (entry) => entry;
  first.outbox.wake();
  second.outbox.wake();
  await settled();
  await settled();
  assert.deepEqual(browser.posts, ["one"]);
});

test("nothing is sent before it is stored", async () => {
  const browser = new Browser();
  const tab = await browser.open();
  const put = browser.store.put.bind(browser.store);
  let store;
  browser.store.put = (entry) =>
    new Promise((resolve) => {
      store = () => resolve(put(entry));
    });
  const stored = write(tab, "one");
  tab.outbox.wake();
  await settled();
  assert.deepEqual(contents(tab), ["one"]);
  assert.deepEqual(browser.posts, []);
  store();
  await stored;
  await settled();
  assert.deepEqual(tab.sent, ["one"]);
});

test("another person's browser session neither sees nor sends it", async () => {
  const browser = new Browser(offline);
  await write(await browser.open(ALICE), "secret");
  await settled();
  browser.channels = [];
  browser.posts = [];
  const bob = await browser.open(BOB);
  await settled();
  assert.deepEqual(contents(bob), []);
  assert.deepEqual(browser.posts, []);
});

test("whatever fails, each message arrives once and in order", async () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const { below, chance, pick } = randomness(seed);
    const server = new ServerDouble();
    const browser = new Browser((entry) => {
      const before = chance(0.3);
      if (before) throw pick([new Error("cut before"), refusal(503), refusal(500)]);
      const known = server.messages.find(({ clientId }) => clientId === entry.clientId);
      const message = known ?? server.post(entry.content, { clientId: entry.clientId });
      if (chance(0.3)) throw new Error("cut before the answer");
      return message;
    });
    let tabs = [await browser.open(), await browser.open()];
    const written = [];
    for (let step = 0; step < 30; step += 1) {
      if (chance(0.4)) {
        written.push(`text ${written.length}`);
        await write(pick(tabs), written.at(-1));
      }
      if (chance(0.1)) tabs = [tabs[0], await browser.open()];
      if (chance(0.7)) tabs[below(2)].outbox.wake();
      if (chance(0.5)) await settled();
    }
    while ((await browser.store.all(ALICE)).length > 0) {
      for (const { outbox } of tabs) outbox.wake();
      await settled();
    }
    const arrived = server.messages.map(({ content }) => content);
    assert.deepEqual(arrived, written, `seed ${seed}`);
  }
});

test("what was written under another history is neither sent nor shown, and is kept", async () => {
  const browser = new Browser(offline);
  const before = await browser.open();
  await write(before, "my salary");
  await settled();
  browser.posts = [];
  browser.answer = (entry) => ({ ...entry, number: 1 });
  const after = await browser.open(ALICE, "b2");
  await write(after, "hello");
  await settled();
  assert.deepEqual(browser.posts, ["hello"]);
  assert.deepEqual(contents(after), []);
  assert.equal(after.outbox.waiting(PROJECT), 0);
  const [{ content, history, username }] = await browser.store.everybodys();
  assert.deepEqual([content, history, username], ["my salary", "a1", "user-1"]);
});

test("what was stored before there were histories is sent, and marked until then", async () => {
  const browser = new Browser(offline);
  const entry = { projectId: PROJECT, clientId: "c", content: "old", replyTo: null, userId: ALICE };
  await browser.store.put(entry);
  const tab = await browser.open();
  await settled();
  const [{ history, username }] = await browser.store.everybodys();
  assert.deepEqual([history, username], ["a1", "user-1"]);
  browser.answer = (sent) => sent;
  tab.outbox.wake();
  await settled();
  assert.deepEqual(tab.sent, ["old"]);
});

test("the server's other history refuses nothing for good", async () => {
  const browser = new Browser(() => {
    throw refusal(409, { code: "history_changed" });
  });
  const tab = await browser.open();
  await write(tab, "hello");
  await settled();
  assert.equal(tab.outbox.entries(PROJECT)[0].error, undefined);
  assert.equal(tab.outbox.waiting(PROJECT), 1);
});
