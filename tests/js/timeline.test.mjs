import assert from "node:assert/strict";
import { test } from "node:test";

import { randomness, ServerDouble } from "./support.mjs";

const { Timeline } = await import("projchat/timeline");

const RUNS = 400;
const STEPS = 120;
const PAGE = 7;

function room(count) {
  const server = new ServerDouble();
  for (let number = 1; number <= count; number += 1) server.post(`text ${number}`);
  return server;
}

function opened(server, page = server.newest(PAGE)) {
  const timeline = new Timeline();
  timeline.reset(page, server.messages.length);
  return timeline;
}

const numbers = (timeline) => timeline.messages.map(({ number }) => number);

test("it shows the newest page", () => {
  const timeline = opened(room(20));
  assert.deepEqual(numbers(timeline), [14, 15, 16, 17, 18, 19, 20]);
  assert.equal(timeline.hasOlder, true);
  assert.equal(timeline.hasNewer, false);
  assert.equal(timeline.isCaughtUp, true);
});

test("an empty project has neither older nor newer messages", () => {
  const server = room(0);
  const timeline = opened(server);
  assert.deepEqual([timeline.hasOlder, timeline.hasNewer], [false, false]);
  timeline.apply(server.post("first"));
  assert.deepEqual(numbers(timeline), [1]);
});

test("it applies the next change and drops a repeated one", () => {
  const server = room(3);
  const timeline = opened(server);
  const message = server.post("new");
  timeline.apply(message);
  timeline.apply(message);
  assert.deepEqual(numbers(timeline), [1, 2, 3, 4]);
  assert.equal(timeline.cursor, server.version);
});

test("it holds a change that came too early, and says that something is missing", () => {
  const server = room(3);
  const timeline = opened(server);
  const missed = server.post("missed");
  timeline.apply(server.post("early"));
  assert.deepEqual(numbers(timeline), [1, 2, 3]);
  assert.equal(timeline.isCaughtUp, false);
  timeline.apply(missed);
  assert.deepEqual(numbers(timeline), [1, 2, 3, 4, 5]);
  assert.equal(timeline.isCaughtUp, true);
});

test("a catch-up fills the gap and releases what was held", () => {
  const server = room(3);
  const timeline = opened(server);
  server.post("missed");
  const answer = server.since(timeline.cursor);
  timeline.apply(server.post("early"));
  timeline.merge(answer.messages, answer.version);
  assert.deepEqual(numbers(timeline), [1, 2, 3, 4, 5]);
  assert.equal(timeline.isCaughtUp, true);
});

test("a head ahead of the cursor means that something is missing", () => {
  const server = room(3);
  const timeline = opened(server);
  timeline.hear(server.version + 1);
  assert.equal(timeline.isCaughtUp, false);
});

test("messages that were edited since come in their own place", () => {
  const server = room(3);
  const timeline = opened(server);
  server.post("four");
  server.post("five");
  server.edit(4, "four, edited");
  const first = server.since(timeline.cursor, 1);
  timeline.merge(first.messages, first.version);
  assert.deepEqual(numbers(timeline), [1, 2, 3]);
  const second = server.since(timeline.cursor, 1);
  timeline.merge(second.messages, second.version);
  assert.deepEqual(numbers(timeline), [1, 2, 3, 4, 5]);
  assert.equal(timeline.find(4).content, "four, edited");
});

test("a stretch in the past counts new messages without showing them", () => {
  const server = room(40);
  const timeline = opened(server, server.around(10, 6));
  timeline.apply(server.post("new"));
  assert.deepEqual(numbers(timeline), [7, 8, 9, 10, 11, 12]);
  assert.equal(timeline.count, 41);
  assert.equal(timeline.hasNewer, true);
});

test("pages join the stretch at both ends until it follows again", () => {
  const server = room(20);
  const timeline = opened(server, server.around(10, 6));
  assert.equal(timeline.addOlder(server.before(timeline.first, 4)), true);
  assert.equal(timeline.addNewer(server.after(timeline.last, 50)), true);
  assert.equal(timeline.hasNewer, false);
  timeline.apply(server.post("new"));
  assert.equal(timeline.last, 21);
});

test("a page that does not join the stretch is refused", () => {
  const server = room(40);
  const timeline = opened(server, server.around(20, 6));
  assert.equal(timeline.addOlder(server.before(9, 4)), false);
  assert.equal(timeline.addNewer(server.after(30, 4)), false);
  assert.equal(timeline.messages.length, 6);
});

test("a page read before an edit does not bring the old text back", () => {
  const server = room(20);
  const timeline = opened(server);
  const late = server.before(timeline.first, PAGE);
  timeline.apply(server.edit(10, "edited"));
  timeline.addOlder(late);
  assert.equal(timeline.find(10).content, "edited");
});

test("a page is refused if a message was edited and let go of since it was read", () => {
  const server = room(20);
  const timeline = opened(server, server.page(1, 20));
  const late = server.before(15, 14);
  timeline.apply(server.edit(10, "edited"));
  timeline.trim(20, 6);
  assert.equal(timeline.addOlder(late), false);
  assert.equal(timeline.addOlder(server.before(15, 14)), true);
  assert.equal(timeline.find(10).content, "edited");
});

test("it lets go of what is far from the reader", () => {
  const server = room(40);
  const timeline = opened(server, server.page(1, 40));
  timeline.trim(39, 10);
  assert.deepEqual([timeline.first, timeline.last, timeline.hasNewer], [31, 40, false]);
  timeline.trim(31, 6);
  assert.deepEqual([timeline.first, timeline.last, timeline.hasNewer], [31, 36, true]);
});

test("it starts afresh where the server was restored from a backup", () => {
  const server = room(20);
  const timeline = opened(server);
  timeline.apply(room(30).messages.at(-1));
  timeline.dropHeld();
  const restored = room(5);
  const page = restored.newest(PAGE);
  timeline.reset(page);
  timeline.apply(restored.post("after the restore"));
  assert.deepEqual(numbers(timeline), [1, 2, 3, 4, 5, 6]);
  assert.equal(timeline.isCaughtUp, true);
});

// The test that matters most: whatever the machinery drops, repeats or reorders, the old state and
// the events together equal a fresh fetch.
test("a reply is counted where its thread began, once", () => {
  const server = room(9);
  const timeline = opened(server);
  const old = server.page(1, 5);
  const reply = server.reply(3);
  timeline.apply(reply);
  timeline.apply(server.reply(reply.number));
  assert.equal(timeline.find(3).replyCount, 2);
  timeline.open(old);
  assert.equal(timeline.find(3).replyCount, 2);
  timeline.open(server.newest(PAGE));
  assert.equal(timeline.find(11).threadRoot, 3);
});

test("old state and events equal a fresh fetch", () => {
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const chaos = randomness(seed);
    const server = room(chaos.below(60));
    const timeline = opened(server);
    const wire = [];
    for (let step = 0; step < STEPS; step += 1) {
      write(server, wire, chaos);
      deliver(timeline, wire, chaos);
      ask(timeline, server, wire, chaos);
      if (chaos.chance(0.05)) timeline.trim(timeline.first + chaos.below(30), 10 + chaos.below(20));
    }
    while (wire.length > 0) wire.shift()(timeline);
    catchUp(timeline, server);
    assertEqualToAFreshFetch(timeline, server, seed);
  }
});

function catchUp(timeline, server) {
  timeline.hear(server.version);
  while (!timeline.isCaughtUp) {
    const answer = server.since(timeline.cursor, 5);
    timeline.merge(answer.messages, answer.version);
  }
}

function assertEqualToAFreshFetch(timeline, server, seed) {
  const fresh = server.page(timeline.first, timeline.last).messages;
  assert.deepEqual(timeline.messages, fresh, `seed ${seed}`);
  assert.equal(timeline.count, server.messages.length, `seed ${seed}`);
}

/** Somebody writes, edits or deletes, and the event may get lost or come twice. */
function write(server, wire, { chance, below }) {
  if (chance(0.4)) return;
  const number = 1 + below(server.messages.length);
  let message;
  if (server.messages.length === 0 || chance(0.6)) message = server.post("new");
  else if (chance(0.4)) message = server.reply(number);
  else if (chance(0.7)) message = server.edit(number, `edit ${server.version}`);
  else message = server.delete(number);
  const event = (timeline) => timeline.apply(message);
  if (chance(0.8)) wire.push(event);
  if (chance(0.2)) wire.splice(below(wire.length + 1), 0, event);
}

/** Some of what is under way arrives, not always in order. */
function deliver(timeline, wire, { chance, below }) {
  while (wire.length > 0 && chance(0.6)) {
    const [event] = wire.splice(chance(0.7) ? 0 : below(wire.length), 1);
    event(timeline);
  }
}

/** The tab asks; what the server knew at that moment arrives later. */
function ask(timeline, server, wire, { chance, below }) {
  if (chance(0.1)) timeline.hear(server.version);
  if (chance(0.2)) {
    const answer = server.since(timeline.cursor, 1 + below(8));
    wire.push(() => timeline.merge(answer.messages, answer.version));
  }
  if (chance(0.15)) {
    const page = server.before(timeline.first, PAGE);
    wire.push(() => timeline.addOlder(page));
  }
  if (chance(0.15)) {
    const page = server.after(timeline.last, PAGE);
    wire.push(() => timeline.addNewer(page));
  }
  if (chance(0.05)) {
    const page = server.around(1 + below(server.messages.length), 8);
    wire.push(() => timeline.open(page));
  }
}
