import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { settled } from "./support.mjs";

const { LongPoll } = await import("projchat/long_poll");

const SECOND = 1000;

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

/** A server that holds what it is asked until the test answers. */
function begin() {
  const open = [];
  const news = [];
  const call = (query, signal) =>
    new Promise((resolve, reject) => {
      open.push({ query: Object.fromEntries(query), signal, resolve, reject });
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const on = {
    changes: (answer) => news.push(answer),
    failed: (error) => news.push(error),
  };
  return { open, news, poll: new LongPoll({ call, on }) };
}

const answer = (version) => ({ messages: [], version, presence: [] });

async function pass(milliseconds = SECOND) {
  await settled();
  mock.timers.tick(milliseconds);
  await settled();
}

test("it answers the question at once, then waits from there on", async () => {
  const { open, news, poll } = begin();
  const asked = poll.ask({ projectId: 7, since: 3, limit: 100 });
  assert.deepEqual(open[0].query, { since: "3", limit: "100", wait: "0" });
  open[0].resolve(answer(5));
  assert.deepEqual(await asked, answer(5));
  await pass();
  assert.deepEqual(open[1].query, { since: "5", limit: "100", wait: "1" });
  open[1].resolve(answer(6));
  await pass();
  assert.deepEqual(open[2].query, { since: "6", limit: "100", wait: "20" });
  assert.deepEqual(news, [answer(6)]);
});

test("it lets what is said in quick succession come together", async () => {
  const { open, poll } = begin();
  poll.ask({ projectId: 7, since: 3 });
  open[0].resolve(answer(3));
  await settled();
  open[1].resolve({ ...answer(4), messages: [{ number: 4 }] });
  await pass(200);
  assert.equal(open.length, 2);
  await pass(200);
  assert.equal(open.length, 3);
});

test("a new question ends the waiting", async () => {
  const { open, news, poll } = begin();
  poll.ask({ projectId: 7, since: 3 });
  open[0].resolve(answer(3));
  await pass();
  poll.ask({ projectId: 7, since: 4 });
  assert.equal(open[1].signal.aborted, true);
  open[2].resolve(answer(4));
  await pass();
  assert.equal(open[3].query.since, "4");
  assert.deepEqual(news, []);
});

test("it is silent once it is stopped", async () => {
  const { open, news, poll } = begin();
  poll.ask({ projectId: 7, since: 3 });
  open[0].resolve(answer(3));
  await pass();
  poll.stop();
  await pass(60 * SECOND);
  assert.equal(open.length, 2);
  assert.deepEqual(news, []);
});

test("a refusal ends the waiting and is told", async () => {
  const { open, news, poll } = begin();
  poll.ask({ projectId: 7, since: 3 });
  open[0].resolve(answer(3));
  await pass();
  const error = Object.assign(new Error(), { status: 404 });
  open[1].reject(error);
  await pass(60 * SECOND);
  assert.deepEqual(news, [error]);
  assert.equal(open.length, 2);
});

test("where what waits is cut off it waits less, but not less than that", async () => {
  const { open, poll } = begin();
  const waits = [];
  for (let turn = 0; turn < 5; turn += 1) {
    poll.ask({ projectId: 7, since: 3 }).catch(() => {});
    open.at(-1).resolve(answer(3));
    await pass();
    open.at(-1).resolve(answer(3));
    await pass();
    waits.push(open.at(-1).query.wait);
    open.at(-1).reject(new Error("network"));
    await pass();
  }
  assert.deepEqual(waits, ["20", "10", "5", "5", "5"]);
});
