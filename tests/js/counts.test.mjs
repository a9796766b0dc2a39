// How much waits in my projects: from the page, from the API, and by what is heard in between.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import "./support.mjs";

const { Counts } = await import("projchat/counts");

const ID = 7;
let counts;

beforeEach(() => {
  counts = new Counts();
  counts.take({ id: ID, messageCount: 10, lastReadNumber: 8, mentions: 1 });
});

function hear(event, values) {
  return counts.hear(event, { projectId: ID, ...values });
}

test("what the server says is counted", () => {
  assert.deepEqual(counts.of(ID), { unread: 2, mentions: 1 });
});

test("there is more, and what came late does not make it less", () => {
  assert.ok(hear("unread", { messageCount: 12, lastReadNumber: null }));
  hear("unread", { messageCount: 11, lastReadNumber: null });
  assert.deepEqual(counts.of(ID), { unread: 4, mentions: 1 });
});

test("a page that was reset may show less than was known", () => {
  const shown = { id: ID, messageCount: 4, lastReadNumber: 3, mentions: 0 };
  counts.show(shown);
  assert.equal(counts.of(ID).unread, 7);
  counts.show({ ...shown, isAfresh: true });
  assert.equal(counts.of(ID).unread, 1);
});

test("an author has read what they wrote, and with all of it the mentions", () => {
  hear("unread", { messageCount: 12, lastReadNumber: 11 });
  assert.deepEqual(counts.of(ID), { unread: 1, mentions: 1 });
  hear("unread", { messageCount: 13, lastReadNumber: 13 });
  assert.deepEqual(counts.of(ID), { unread: 0, mentions: 0 });
});

test("reading a part of it leaves the mentions to be asked for", () => {
  assert.equal(hear("read", { number: 9 }), false);
  assert.equal(counts.of(ID).unread, 1);
  assert.equal(hear("read", { number: 10 }), true);
  assert.deepEqual(counts.of(ID), { unread: 0, mentions: 0 });
  hear("read", { number: 9 });
  assert.equal(counts.of(ID).unread, 0);
});

test("what is marked as unread counts again", () => {
  hear("read", { number: 10 });
  assert.equal(hear("marked-unread", { number: 4 }), false);
  assert.equal(counts.of(ID).unread, 7);
  hear("marked-unread", { number: 9 });
  assert.equal(counts.of(ID).unread, 7);
});

test("a mention has to be asked for", () => {
  assert.equal(hear("mentioned", { number: 11 }), false);
  assert.deepEqual(counts.of(ID), { unread: 2, mentions: 1 });
});

test("of a project that is not known everything has to be asked for", () => {
  const news = { projectId: 8, messageCount: 3, lastReadNumber: null };
  assert.equal(counts.hear("unread", news), false);
  assert.equal(counts.moves, 0);
  counts.take({ id: 8, messageCount: 3, lastReadNumber: 1, mentions: 0 });
  assert.equal(counts.hear("unread", { ...news, messageCount: 4 }), true);
  assert.deepEqual(counts.of(8), { unread: 3, mentions: 0 });
});

test("an answer does not put back what was heard while it was on its way", () => {
  const asked = counts.moves;
  hear("unread", { messageCount: 12, lastReadNumber: null });
  hear("read", { number: 11 });
  counts.take({ id: ID, messageCount: 11, lastReadNumber: 9, mentions: 2 }, asked);
  assert.deepEqual(counts.of(ID), { unread: 1, mentions: 2 });
  counts.take({ id: ID, messageCount: 11, lastReadNumber: 9, mentions: 2 });
  assert.deepEqual(counts.of(ID), { unread: 2, mentions: 2 });
});

test("the open page tells its own, which may be behind in how much there is", () => {
  hear("unread", { messageCount: 12, lastReadNumber: null });
  counts.show({ id: ID, messageCount: 11, lastReadNumber: 11, mentions: 0 });
  assert.deepEqual(counts.of(ID), { unread: 1, mentions: 0 });
});
