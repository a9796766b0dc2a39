// What a person is told and offered after the server was restored to an earlier state.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ServerDouble, StorageDouble } from "./support.mjs";

const { Drafts } = await import("projchat/drafts");
const { MemoryStore } = await import("projchat/outbox_store");
const { Recovery } = await import("projchat/recovery");

const ANNA = { id: 1, username: "anna" };
const BORIS = { id: 2, username: "boris" };
const PAYROLL = { id: 7, name: "Payroll" };
const BEFORE = "a1";
const AFTER = "b2";

let browser;

beforeEach(() => {
  browser = new Browser();
});

class RecordStore {
  records = new Map();
  all = async () => [...this.records.values()];
  get = async (key) => this.records.get(key);
  put = async (record) => this.records.set(record.key, record);
  delete = async (key) => this.records.delete(key);
}

/** What a browser keeps, and the server that its pages talk to. */
class Browser {
  store = new RecordStore();
  outbox = new MemoryStore();
  storage = new StorageDouble();
  server = new ServerDouble();
  asked = [];
  trouble = null;

  page(history, viewer = ANNA) {
    const { store, outbox } = this;
    const drafts = () => this.storage;
    const call = async (_, path) => this.#answer(path);
    return new Recovery({ viewer, history, store, outbox, drafts, call });
  }

  write(content, values = {}) {
    const entry = { projectId: 7, projectName: "Payroll", clientId: content, content };
    const author = { userId: 1, username: "anna", history: BEFORE, createdAt: "2026-03-01" };
    return this.outbox.put({ ...entry, ...author, ...values });
  }

  draft(content, { history = BEFORE, viewer = ANNA, place = 7 } = {}) {
    const { id: userId, username } = viewer;
    const origin = { history, userId, username, projectName: "Payroll" };
    new Drafts({ storage: () => this.storage, origin, place }).write({ content, replyTo: 3 });
  }

  #answer(path) {
    this.asked.push(path);
    if (this.trouble) throw this.trouble;
    const { searchParams } = new URL(path, "http://projchat");
    return this.server.after(Number(searchParams.get("after")), Number(searchParams.get("limit")));
  }
}

async function found(recovery) {
  const { texts, gone, ...rest } = await recovery.find();
  return {
    ...rest,
    texts: texts.map(({ content, kind, projectName }) => [content, kind, projectName]),
    gone: gone.map(({ count, projectName }) => [count, projectName]),
  };
}

const NOTHING = { isRestored: false, isCompared: true, texts: [], gone: [] };

test("within one history there is nothing to tell, and nothing is touched", async () => {
  await browser.write("waits");
  browser.draft("half a thought");
  await browser.page(BEFORE).see(PAYROLL, [browser.server.post("one")]);
  assert.deepEqual(await found(browser.page(BEFORE)), NOTHING);
  assert.equal((await browser.outbox.everybodys()).length, 1);
  assert.equal(Object.keys(browser.storage).length, 1);
  assert.deepEqual(browser.asked, []);
});

test("what waited and what was being written is offered under the project's old name", async () => {
  await browser.write("my salary is 4200");
  browser.draft("half a thought");
  browser.draft("in the thread", { place: "7.thread.3" });
  const { texts, isRestored } = await found(browser.page(AFTER));
  assert.equal(isRestored, true);
  assert.deepEqual(texts.sort(), [
    ["half a thought", "draft", "Payroll"],
    ["in the thread", "draft", "Payroll"],
    ["my salary is 4200", "unsent", "Payroll"],
  ]);
  assert.deepEqual(await browser.outbox.everybodys(), []);
  assert.deepEqual(Object.keys(browser.storage), []);
});

test("a page that ends half-way does not have a text offered twice", async () => {
  await browser.write("waits");
  browser.draft("half a thought");
  const before = [{ ...browser.storage }, await browser.outbox.everybodys()];
  const first = (await browser.page(AFTER).find()).texts;
  Object.assign(browser.storage, before[0]);
  for (const entry of before[1]) await browser.outbox.put(entry);
  assert.deepEqual((await browser.page(AFTER).find()).texts, first);
});

test("it stays until it is decided, through any number of pages", async () => {
  await browser.write("waits");
  await browser.page(AFTER).find();
  assert.equal((await browser.page(AFTER).find()).texts.length, 1);
  assert.equal((await browser.page("c3").find()).texts.length, 1);
});

test("somebody else sees nothing of it, whatever their id is now", async () => {
  await browser.write("my salary is 4200");
  browser.draft("half a thought");
  await browser.page(BEFORE).see(PAYROLL, [browser.server.post("one")]);
  await browser.page(BEFORE).keep({ content: "an edit", projectName: "Payroll" });
  for (const other of [BORIS, { id: ANNA.id, username: "carl" }]) {
    assert.deepEqual(await found(browser.page(AFTER, other)), NOTHING);
  }
  assert.equal((await browser.page(AFTER).find()).texts.length, 3);
});

test("a draft without a name is offered to whoever has the id", async () => {
  browser.storage.setItem(
    "projchat.draft.a1.1.7",
    JSON.stringify({ content: "old", replyTo: null, history: BEFORE, userId: 1 }),
  );
  assert.deepEqual(await found(browser.page(AFTER, BORIS)), NOTHING);
  assert.deepEqual((await found(browser.page(AFTER))).texts, [["old", "draft", undefined]]);
});

test("it counts what is gone, and offers the author's own of it", async () => {
  const { server } = browser;
  for (let number = 1; number <= 6; number += 1) server.post(`text ${number}`, { author: BORIS });
  const lost = new ServerDouble();
  lost.messages = server.messages.slice(0, 4);
  for (const author of [BORIS, ANNA, BORIS])
    lost.post("lost", { author, clientId: author.username });
  lost.post("lost too", { author: BORIS, clientId: "another" });
  await browser.page(BEFORE).see(PAYROLL, lost.messages);
  const { texts, gone } = await found(browser.page(AFTER));
  assert.deepEqual(gone, [[3, "Payroll"]]);
  assert.deepEqual(texts, [["lost", "sent", "Payroll"]]);
});

test("two tabs that saw the same do not count it twice", async () => {
  const lost = [1, 2].map(() => browser.server.post("lost", { author: ANNA }));
  browser.server = new ServerDouble();
  await browser.page(BEFORE).see(PAYROLL, lost);
  await browser.page(BEFORE).see(PAYROLL, lost.slice(0, 1));
  assert.deepEqual((await found(browser.page(AFTER))).gone, [[2, "Payroll"]]);
  const [{ key }] = (await browser.page(AFTER).find()).texts;
  await browser.page(AFTER).release(key, () => {});
  await browser.page(BEFORE).see(PAYROLL, lost);
  const { texts, gone } = await found(browser.page(AFTER));
  assert.deepEqual(gone, [[2, "Payroll"]]);
  assert.equal(texts.length, 1);
});

test("a project that is gone, or not mine any more, has nothing of what was seen", async () => {
  const seen = [browser.server.post("lost", { author: BORIS })];
  browser.trouble = Object.assign(new Error(), { status: 404 });
  await browser.page(BEFORE).see(PAYROLL, seen);
  assert.deepEqual((await found(browser.page(AFTER))).gone, [[1, "Payroll"]]);
});

test("without an answer the next page compares", async () => {
  const seen = [browser.server.post("kept", { author: BORIS })];
  await browser.page(BEFORE).see(PAYROLL, seen);
  browser.trouble = new Error("no connection");
  const early = { ...NOTHING, isRestored: true, isCompared: false };
  assert.deepEqual(await found(browser.page(AFTER)), early);
  browser.trouble = null;
  assert.deepEqual(await found(browser.page(AFTER)), { ...NOTHING, isRestored: true });
  assert.equal(browser.asked.length, 2);
});

test("what was seen far apart is looked for in pages", async () => {
  for (let number = 1; number <= 450; number += 1) browser.server.post("kept", { author: BORIS });
  await browser.page(BEFORE).see(PAYROLL, browser.server.messages);
  assert.deepEqual((await found(browser.page(AFTER))).gone, []);
  assert.equal(browser.asked.length, 3);
});

test("a text is sent once, however many tabs are asked to", async () => {
  await browser.write("waits");
  const sent = [];
  const [{ key }] = (await browser.page(AFTER).find()).texts;
  const send = async ({ content, clientId }) => sent.push([content, clientId]);
  await Promise.all([1, 2, 3].map(() => browser.page(AFTER).release(key, send)));
  assert.deepEqual(sent, [["waits", "waits"]]);
  assert.deepEqual(await found(browser.page(AFTER)), NOTHING);
});

test("a text that could not be taken stays", async () => {
  await browser.write("waits");
  const [{ key }] = (await browser.page(AFTER).find()).texts;
  const refuse = async () => {
    throw new Error("full");
  };
  await assert.rejects(browser.page(AFTER).release(key, refuse));
  assert.equal((await browser.page(AFTER).find()).texts.length, 1);
});

test("what was seen is forgotten with the log-out, what waits is not", async () => {
  const seen = [browser.server.post("lost", { author: ANNA })];
  browser.server = new ServerDouble();
  await browser.page(BEFORE).see(PAYROLL, seen);
  await browser.page(BEFORE, BORIS).see(PAYROLL, seen);
  await browser.write("waits");
  await browser.page(BEFORE).forget();
  assert.deepEqual((await found(browser.page(AFTER))).texts, [["waits", "unsent", "Payroll"]]);
  assert.equal((await browser.page(AFTER, BORIS).find()).isRestored, true);
});

test("what its author has deleted is not offered", async () => {
  const lost = browser.server.post("a slip", { author: ANNA });
  await browser.page(BEFORE).see(PAYROLL, [lost]);
  await browser.page(BEFORE).see(PAYROLL, [{ ...lost, content: "", deletedAt: "now" }]);
  browser.server = new ServerDouble();
  assert.deepEqual(await found(browser.page(AFTER)), { ...NOTHING, isRestored: true });
});

test("of a long conversation the newest is kept in mind", async () => {
  for (let number = 1; number <= 900; number += 1) browser.server.post("lost", { author: BORIS });
  const { messages } = browser.server;
  for (const start of [0, 400, 600]) {
    await browser.page(BEFORE).see(PAYROLL, messages.slice(start, start + 300));
  }
  browser.server = new ServerDouble();
  assert.deepEqual((await found(browser.page(AFTER))).gone, [[500, "Payroll"]]);
});

test("what is gone is told until it has been read", async () => {
  const seen = [browser.server.post("lost", { author: BORIS })];
  browser.server = new ServerDouble();
  await browser.page(BEFORE).see(PAYROLL, seen);
  await browser.page(AFTER).find();
  await browser.page(AFTER, BORIS).dismiss();
  assert.equal((await browser.page(AFTER).find()).isRestored, true);
  await browser.page(AFTER).dismiss();
  assert.deepEqual(await found(browser.page(AFTER)), NOTHING);
});

test("a browser without a store is told nothing, and keeps its drafts", async () => {
  browser.draft("half a thought");
  browser.store = null;
  await browser.page(BEFORE).see(PAYROLL, []);
  assert.deepEqual(await found(browser.page(AFTER)), NOTHING);
  assert.equal(Object.keys(browser.storage).length, 1);
});
