import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { randomness, ServerDouble, settled } from "./support.mjs";

const { Live } = await import("projchat/live");
const { Timeline } = await import("projchat/timeline");

const PROJECT = 7;
let lives = [];

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  mock.method(console, "log", () => {});
});

afterEach(() => {
  for (const live of lives) live.stop();
  lives = [];
  mock.timers.reset();
  mock.restoreAll();
});

/** A socket whose other end is a list in this process. */
class SocketDouble {
  connected = false;
  active = true;
  asked = [];
  said = [];
  volatile = { emit: (event, data) => this.said.push([event, data]) };
  #handlers = new Map();
  #open = [];

  constructor(server) {
    this.server = server;
    this.pageSize = 500;
    this.history = "a1";
    this.refusal = null;
  }

  on(event, handle) {
    this.#handlers.set(event, handle);
  }

  /** What the server says. */
  hear(event, data) {
    this.#handlers.get(event)?.(data?.number ? { projectId: PROJECT, ...data } : data);
  }

  connect() {
    if (this.away) return this;
    this.connected = true;
    this.active = true;
    this.id = `s${Math.random()}`;
    this.hear("connect");
    return this;
  }

  disconnect() {
    this.drop("io client disconnect");
    return this;
  }

  drop(reason) {
    if (!this.connected) return;
    this.connected = false;
    this.active = reason !== "io server disconnect";
    for (const { reject } of this.#open.splice(0)) reject(new Error("disconnected"));
    this.hear("disconnect", reason);
  }

  timeout() {
    return { emitWithAck: (event, data) => this.#ask(event, data) };
  }

  /** Lets the oldest question that has no answer yet have one. */
  answer() {
    const { data, resolve } = this.#open.shift();
    const changes = this.server.since(data.since, Math.min(this.pageSize, data.limit ?? 500));
    const reset = data.since > this.server.version;
    const messages = reset ? this.server.newest().messages : changes.messages;
    const version = reset ? this.server.version : changes.version;
    const { hasMore } = changes;
    const ok = { ok: true, presence: [], reset, messages, version, hasMore, history: this.history };
    resolve(this.refusal ? { ok: false, error: { code: this.refusal } } : ok);
  }

  /** The oldest question runs into its time limit. */
  leaveUnanswered() {
    this.#open.shift().reject(new Error("operation has timed out"));
  }

  async answerAll() {
    await settled();
    while (this.#open.length > 0) {
      this.answer();
      await settled();
    }
  }

  #ask(event, data) {
    this.asked.push([event, data]);
    return new Promise((resolve, reject) => this.#open.push({ data, resolve, reject }));
  }
}

function begin(server, values = {}) {
  const timeline = new Timeline();
  timeline.reset(server.newest(), server.messages.length);
  const socket = new SocketDouble(server);
  const heard = [];
  const note =
    (name) =>
    (...news) =>
      heard.push([name, ...news]);
  const names = ["message", "timeline", "reset", "typing", "presence", "read", "light"];
  names.push("mentioned", "markedUnread", "elsewhere", "historyChanged");
  const on = Object.fromEntries(names.map((name) => [name, note(name)]));
  on.mayReturn = async () => values.mayReturn ?? true;
  const clock = { time: 1000 };
  const now = () => clock.time;
  const where = { socket, projectId: PROJECT, history: "a1", timeline };
  const live = new Live({ ...where, on, now, random: () => 0.5 });
  lives.push(live);
  live.start();
  return { live, socket, timeline, heard, clock };
}

function room(count) {
  const server = new ServerDouble();
  for (let number = 1; number <= count; number += 1) server.post(`text ${number}`);
  return server;
}

const contents = (timeline) => timeline.messages.map(({ content }) => content);

test("it enters the room from where the page stands, and is green only then", async () => {
  const server = room(3);
  const { live, socket, timeline } = begin(server);
  server.post("written while the page loaded");
  assert.equal(live.state, "connecting");
  assert.deepEqual(socket.asked, [["join_room", { projectId: PROJECT, since: 3, history: "a1" }]]);
  await socket.answerAll();
  assert.equal(live.state, "live");
  assert.equal(contents(timeline).at(-1), "written while the page loaded");
});

for (const way of ["refused", "answered all the same"]) {
  test(`another history is never green, and nothing of it is merged: ${way}`, async () => {
    const server = room(3);
    const { live, socket, timeline, heard } = begin(server);
    await socket.answerAll();
    socket.drop("transport close");
    for (const content of ["one", "two"]) server.post(content);
    if (way === "refused") socket.refusal = "history_changed";
    else socket.history = "b2";
    socket.connect();
    await socket.answerAll();
    assert.equal(live.state, "offline");
    assert.equal(socket.connected, false);
    assert.equal(timeline.count, 3);
    assert.equal(heard.filter(([name]) => name === "historyChanged").length, 1);
    mock.timers.tick(60_000);
    await socket.answerAll();
    assert.equal(live.state, "offline");
  });
}

test("it shows a message that comes", async () => {
  const server = room(3);
  const { socket, timeline, heard } = begin(server);
  await socket.answerAll();
  const message = server.post("new");
  socket.hear("new-message", { ...message, projectId: PROJECT });
  assert.equal(contents(timeline).at(-1), "new");
  assert.equal(heard.filter(([name]) => name === "message").length, 1);
});

test("it passes on what is mine in another project", async () => {
  const { socket, heard } = begin(room(3));
  await socket.answerAll();
  const before = heard.length;
  const events = ["unread", "read", "mentioned", "marked-unread"];
  for (const event of events) socket.hear(event, { projectId: 8, number: 3 });
  assert.deepEqual(
    heard.slice(before),
    events.map((event) => ["elsewhere", event, { projectId: 8, number: 3 }]),
  );
  socket.hear("unread", { projectId: PROJECT, messageCount: 3, lastReadNumber: null });
  assert.equal(heard.length, before + events.length);
});

test("it hears nothing of another project", async () => {
  const server = room(3);
  const { socket, timeline } = begin(server);
  await socket.answerAll();
  socket.hear("new-message", { ...server.post("elsewhere"), projectId: 8 });
  assert.equal(timeline.count, 3);
});

test("it asks for what it missed when a message comes too early", async () => {
  const server = room(3);
  const { live, socket, timeline } = begin(server);
  await socket.answerAll();
  server.post("missed");
  socket.hear("new-message", server.post("early"));
  assert.equal(live.state, "behind");
  await socket.answerAll();
  assert.equal(live.state, "live");
  assert.deepEqual(contents(timeline).slice(-2), ["missed", "early"]);
  assert.equal(socket.asked.length, 2);
});

test("it is not green while the beacon is ahead", async () => {
  const server = room(3);
  const { live, socket } = begin(server);
  await socket.answerAll();
  server.edit(1, "changed");
  socket.hear("head", { projectId: PROJECT, version: server.version });
  assert.equal(live.state, "behind");
  await socket.answerAll();
  assert.equal(live.state, "live");
});

test("it catches up page by page", async () => {
  const server = room(3);
  const { live, socket, timeline } = begin(server);
  socket.pageSize = 4;
  for (let count = 0; count < 10; count += 1) server.post("while away");
  await socket.answerAll();
  assert.equal(live.state, "live");
  assert.equal(timeline.count, 13);
  assert.equal(socket.asked.length, 3);
});

test("after each try without an answer it asks for half as much, and for more again then", async () => {
  const server = room(3);
  const { live, socket, timeline } = begin(server);
  await socket.answerAll();
  for (let count = 0; count < 1000; count += 1) server.post("while away");
  socket.asked = [];
  socket.drop("transport close");
  socket.connect();
  socket.leaveUnanswered();
  await settled();
  socket.drop("transport close");
  await settled();
  socket.connect();
  await socket.answerAll();
  assert.deepEqual(
    socket.asked.map(([, { since, limit }]) => [since, limit]),
    [
      [3, undefined],
      [3, 250],
      [3, 125],
      [128, 250],
      [378, undefined],
      [878, undefined],
    ],
  );
  assert.equal(live.state, "live");
  assert.equal(timeline.count, 1003);
});

test("it asks for one message at least, and after a refusal for a full page", async () => {
  const { live, socket } = begin(room(3));
  for (let turn = 0; turn < 12; turn += 1) {
    socket.leaveUnanswered();
    await settled();
  }
  assert.equal(socket.asked.at(-1)[1].limit, 1);
  socket.refusal = "invalid";
  await socket.answerAll();
  socket.refusal = null;
  mock.timers.tick(1000);
  await socket.answerAll();
  assert.equal(socket.asked.at(-1)[1].limit, undefined);
  assert.equal(live.state, "live");
});

test("it says since when it is offline, and comes back by itself", async () => {
  const server = room(3);
  const { live, socket, timeline, clock } = begin(server);
  await socket.answerAll();
  clock.time = 5000;
  socket.drop("transport close");
  clock.time = 9000;
  assert.deepEqual([live.state, live.since], ["offline", 5000]);
  server.post("while away");
  socket.connect();
  await socket.answerAll();
  assert.equal(live.state, "live");
  assert.equal(contents(timeline).at(-1), "while away");
});

test("it goes grey when the server falls silent, and asks", async () => {
  const server = room(3);
  const { live, socket, clock } = begin(server);
  await socket.answerAll();
  clock.time += 26_000;
  mock.timers.tick(5000);
  assert.equal(live.state, "offline");
  await socket.answerAll();
  assert.equal(live.state, "live");
});

test("it makes a new connection when the old one does not answer", async () => {
  const { live, socket } = begin(room(3));
  const before = socket.id;
  socket.leaveUnanswered();
  await socket.answerAll();
  assert.notEqual(socket.id, before);
  assert.equal(live.state, "live");
});

test("sent away by the server, it asks whether it may return", async () => {
  const { live, socket } = begin(room(3));
  await socket.answerAll();
  socket.drop("io server disconnect");
  assert.equal(live.state, "offline");
  mock.timers.tick(1000);
  await socket.answerAll();
  assert.equal(live.state, "live");
});

test("refused by the server, it tries again ever more rarely", async () => {
  const { live, socket } = begin(room(3));
  await socket.answerAll();
  socket.drop("io server disconnect");
  let tries = 0;
  socket.connect = () => {
    tries += 1;
    socket.active = false;
    socket.hear("connect_error", new Error("too_many_connections"));
  };
  for (let second = 0; second < 60; second += 1) {
    mock.timers.tick(1000);
    await socket.answerAll();
  }
  assert.equal(live.state, "offline");
  assert.ok(tries >= 8 && tries <= 11, `It tried ${tries} times in a minute.`);
  delete socket.connect;
  mock.timers.tick(10_000);
  await socket.answerAll();
  assert.equal(live.state, "live");
});

test("it stays away where it may not return", async () => {
  const { live, socket } = begin(room(3), { mayReturn: false });
  await socket.answerAll();
  socket.drop("io server disconnect");
  mock.timers.tick(1000);
  await socket.answerAll();
  assert.equal(live.state, "offline");
});

test("a closed room is entered again if it may be", async () => {
  const { live, socket } = begin(room(3));
  await socket.answerAll();
  socket.hear("room-closed", { projectId: PROJECT });
  await socket.answerAll();
  assert.equal(live.state, "live");
  socket.refusal = "not_found";
  socket.hear("room-closed", { projectId: PROJECT });
  await socket.answerAll();
  assert.equal(live.state, "closed");
});

test("a server in trouble is asked again, later", async () => {
  const { live, socket } = begin(room(3));
  socket.refusal = "unavailable";
  await socket.answerAll();
  assert.equal(live.state, "connecting");
  socket.refusal = null;
  mock.timers.tick(1000);
  await socket.answerAll();
  assert.equal(live.state, "live");
});

test("it starts afresh where the server has gone back", async () => {
  const { live, socket, timeline, heard } = begin(room(30));
  socket.hear("new-message", room(40).messages.at(-1));
  socket.drop("transport close");
  socket.server = room(5);
  socket.connect();
  await socket.answerAll();
  assert.equal(live.state, "live");
  assert.equal(timeline.count, 5);
  assert.equal(heard.filter(([name]) => name === "reset").length, 1);
});

test("it tells that I write only where I am in the room", async () => {
  const { live, socket } = begin(room(3));
  live.tellTyping(true);
  assert.deepEqual(socket.said, []);
  await socket.answerAll();
  live.tellTyping(true);
  assert.deepEqual(socket.said, [["typing", { projectId: PROJECT, isTyping: true }]]);
});

test("over the long poll everything may be here, but it is not green", async () => {
  const server = room(3);
  const { live, socket, timeline, heard } = begin(server);
  socket.isPolling = true;
  await socket.answerAll();
  assert.deepEqual([live.state, live.isUpToDate], ["delayed", true]);
  const edited = server.edit(2, "changed");
  const posted = server.post("new");
  const changes = { projectId: PROJECT, reset: false, hasMore: false, presence: [] };
  socket.hear("changes", { ...changes, messages: [edited, posted], version: 5 });
  assert.deepEqual(contents(timeline), ["text 1", "changed", "text 3", "new"]);
  const told = heard.filter(([name]) => name === "message").map(([, message]) => message.content);
  assert.deepEqual(told, ["new"]);
  assert.equal(live.state, "delayed");
  socket.isPolling = false;
  live.changed();
  assert.equal(live.state, "live");
});

test("it asks on where the long poll brought only a part", async () => {
  const server = room(3);
  const { live, socket, timeline } = begin(server);
  socket.isPolling = true;
  await socket.answerAll();
  const messages = [server.post("one")];
  server.post("two");
  const answer = { projectId: PROJECT, reset: false, hasMore: true, presence: [] };
  socket.hear("changes", { ...answer, messages, version: 4 });
  await socket.answerAll();
  assert.deepEqual(contents(timeline).slice(-2), ["one", "two"]);
  assert.equal(live.state, "delayed");
});

test("whatever is dropped, repeated or reordered, it ends green and complete", async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const { chance, below } = randomness(seed);
    const server = room(below(20));
    const { live, socket, timeline } = begin(server);
    socket.pageSize = 3;
    const wire = [];
    for (let step = 0; step < 60; step += 1) {
      if (chance(0.5)) {
        const update = server.messages.length > 0 && chance(0.3);
        const message = update
          ? server.edit(1 + below(server.messages.length), "x")
          : server.post("y");
        const event = [update ? "message-updated" : "new-message", message];
        if (chance(0.8)) wire.push(event);
        if (chance(0.2)) wire.splice(below(wire.length), 0, event);
      }
      if (wire.length > 0 && chance(0.6)) socket.hear(...wire.splice(below(wire.length), 1)[0]);
      if (chance(0.05)) socket.drop("transport close");
      if (!socket.connected && chance(0.5)) socket.connect();
      if (chance(0.3)) await socket.answerAll();
    }
    socket.connect();
    socket.hear("head", { projectId: PROJECT, version: server.version });
    await socket.answerAll();
    assert.equal(live.state, "live", `seed ${seed}`);
    const fresh = server.page(timeline.first, timeline.last).messages;
    assert.deepEqual(contents(timeline), contents({ messages: fresh }), `seed ${seed}`);
    assert.equal(timeline.count, server.messages.length, `seed ${seed}`);
    live.stop();
  }
});
