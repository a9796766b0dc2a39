import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { settled } from "./support.mjs";

const { Connection } = await import("projchat/connection");

const QUESTION = { projectId: 7, since: 3 };
const ANSWER = { messages: [], version: 3, hasMore: false, reset: false, presence: [] };
const SECOND = 1000;
const MINUTE = 60 * SECOND;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  mock.method(console, "log", () => {});
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** A Socket.IO socket whose fate is told: what each try to connect comes to. */
class SocketDouble {
  connected = false;
  active = false;
  tries = 0;
  asked = [];
  said = [];
  volatile = { emit: (event) => this.said.push(event) };
  #handlers = new Map();

  on(event, handle) {
    this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), handle]);
  }

  hear(event, news) {
    for (const handle of this.#handlers.get(event) ?? []) handle(news);
  }

  connect() {
    this.tries += 1;
    this.active = true;
    return this;
  }

  disconnect() {
    this.active = false;
    if (this.connected) this.close("io client disconnect");
    return this;
  }

  open() {
    this.connected = true;
    this.hear("connect");
  }

  close(reason) {
    this.connected = false;
    this.hear("disconnect", reason);
  }

  refuse() {
    this.hear("connect_error", new Error("websocket error"));
  }

  timeout() {
    return { emitWithAck: (event, data) => this.#ask(event, data) };
  }

  async #ask(event, data) {
    this.asked.push([event, data]);
    if (!this.connected || this.isDeaf) throw new Error("timeout");
    return { ok: true, ...ANSWER };
  }
}

/** A long poll that answers, or does not, as it is told. */
class PollDouble {
  asked = [];
  isWaiting = false;
  error = null;

  constructor(on) {
    this.on = on;
  }

  async ask(question) {
    this.asked.push(question);
    if (this.error) throw this.error;
    this.isWaiting = true;
    return ANSWER;
  }

  stop() {
    this.isWaiting = false;
  }

  fail(error) {
    this.error = error;
    this.isWaiting = false;
    this.on.failed(error);
  }
}

function begin() {
  const socket = new SocketDouble();
  const server = { answers: true, checks: 0 };
  let poll;
  const connection = new Connection({
    socket,
    poll: (on) => {
      poll = new PollDouble(on);
      return poll;
    },
    check: async () => {
      server.checks += 1;
      return server.answers;
    },
    random: () => 0.5,
  });
  const heard = [];
  for (const event of ["connect", "disconnect", "changes", "room-closed"]) {
    connection.on(event, (news) => heard.push([event, news]));
  }
  connection.connect();
  return { connection, socket, poll, server, heard };
}

const ask = ({ connection }) => connection.timeout(SECOND).emitWithAck("join_room", QUESTION);

async function refuse({ socket }, times) {
  for (let time = 0; time < times; time += 1) {
    socket.refuse();
    await settled();
  }
}

/** A page whose network lets no WebSocket through, and which knows it. */
async function blocked() {
  const scene = begin();
  await refuse(scene, 3);
  await ask(scene);
  return scene;
}

async function pass(milliseconds) {
  mock.timers.tick(milliseconds);
  await settled();
}

test("it passes on what the socket does", async () => {
  const scene = begin();
  scene.socket.open();
  assert.equal(scene.connection.connected, true);
  assert.deepEqual(scene.heard, [["connect", undefined]]);
  assert.equal((await ask(scene)).version, 3);
  scene.connection.volatile.emit("typing");
  assert.deepEqual(scene.socket.said, ["typing"]);
  scene.socket.close("transport close");
  assert.deepEqual(scene.heard.at(-1), ["disconnect", "transport close"]);
  assert.deepEqual(scene.poll.asked, []);
});

test("handshakes that fail while the server answers over HTTP lead to the poll", async () => {
  const scene = begin();
  await refuse(scene, 2);
  assert.equal(scene.connection.isPolling, false);
  await refuse(scene, 1);
  assert.equal(scene.connection.isPolling, true);
  assert.equal(scene.connection.connected, true);
  assert.deepEqual(scene.heard, [["connect", undefined]]);
  assert.equal((await ask(scene)).ok, true);
  assert.deepEqual(scene.poll.asked, [QUESTION]);
});

test("a server that is away never leads to the poll", async () => {
  const scene = begin();
  scene.server.answers = false;
  await refuse(scene, 50);
  // It is back between the handshake and the check, and then once more.
  scene.server.answers = true;
  await refuse(scene, 2);
  scene.server.answers = false;
  await refuse(scene, 2);
  scene.server.answers = true;
  await refuse(scene, 2);
  scene.socket.open();
  assert.equal(scene.connection.isPolling, false);
  assert.deepEqual(scene.poll.asked, []);
});

test("a restart of the server does not lead to the poll, however often", async () => {
  const scene = begin();
  for (let round = 0; round < 20; round += 1) {
    scene.socket.open();
    await pass(11 * SECOND);
    scene.socket.close("transport close");
    scene.server.answers = false;
    await refuse(scene, 3);
    scene.server.answers = true;
    await refuse(scene, 1);
  }
  assert.equal(scene.connection.isPolling, false);
});

test("a server that answers while it leaves does not lead to the poll", async () => {
  const scene = begin();
  scene.socket.open();
  await pass(11 * SECOND);
  scene.socket.close("transport close");
  await refuse(scene, 5);
  await pass(5 * SECOND);
  await refuse(scene, 1);
  assert.equal(scene.connection.isPolling, false);
  await pass(6 * SECOND);
  await refuse(scene, 1);
  assert.equal(scene.connection.isPolling, true);
});

test("the server's own no is no blocked network", async () => {
  const scene = begin();
  for (let time = 0; time < 5; time += 1) {
    scene.socket.active = false;
    scene.socket.refuse();
    await settled();
  }
  assert.equal(scene.server.checks, 0);
  assert.equal(scene.connection.isPolling, false);
});

test("a page that was opened just before the server left does not fall back either", async () => {
  const scene = begin();
  scene.socket.open();
  await pass(SECOND);
  scene.socket.close("transport close");
  await refuse(scene, 5);
  await pass(4 * SECOND);
  await refuse(scene, 1);
  assert.equal(scene.connection.isPolling, false);
});

test("connections that are accepted and dropped lead to the poll", async () => {
  const scene = begin();
  for (let time = 0; time < 6; time += 1) {
    scene.socket.open();
    await pass(SECOND);
    scene.socket.close("transport close");
    await settled();
  }
  assert.equal(scene.connection.isPolling, true);
});

test("a connection that is broken every half minute is kept", async () => {
  const scene = begin();
  for (let time = 0; time < 20; time += 1) {
    scene.socket.open();
    await pass(30 * SECOND);
    scene.socket.close("transport close");
    await settled();
  }
  assert.equal(scene.connection.isPolling, false);
  assert.equal(scene.server.checks, 0);
});

test("what the poll brings is told, and typing is not sent", async () => {
  const scene = await blocked();
  scene.poll.on.changes(ANSWER);
  assert.deepEqual(scene.heard.at(-1), ["changes", { ...ANSWER, projectId: 7 }]);
  scene.connection.volatile.emit("typing");
  assert.deepEqual(scene.socket.said, []);
});

test("a poll that fails is a lost connection, and is tried again later and later", async () => {
  const scene = await blocked();
  scene.poll.fail(new Error("network"));
  assert.equal(scene.connection.connected, false);
  assert.deepEqual(scene.heard.at(-1), ["disconnect", "transport error"]);
  await pass(SECOND);
  assert.equal(scene.connection.connected, true);
  await assert.rejects(ask(scene));
  await pass(SECOND);
  assert.equal(scene.connection.connected, false);
  await pass(SECOND);
  scene.poll.error = null;
  assert.equal((await ask(scene)).ok, true);
});

test("a server that asks to wait is asked no sooner", async () => {
  const scene = await blocked();
  scene.poll.fail(Object.assign(new Error(), { status: 429, retryAfter: 30 }));
  await pass(29 * SECOND);
  assert.equal(scene.connection.connected, false);
  await pass(SECOND);
  assert.equal(scene.connection.connected, true);
});

test("the end of the login is told as the socket tells it", async () => {
  const scene = await blocked();
  scene.poll.fail(Object.assign(new Error(), { status: 401 }));
  assert.deepEqual(scene.heard.at(-1), ["disconnect", "io server disconnect"]);
  assert.equal(scene.connection.connected, false);
});

test("a closed room is told as the socket tells it, and the question is answered why", async () => {
  const scene = await blocked();
  const error = Object.assign(new Error(), { status: 404, code: "not_found" });
  scene.poll.fail(error);
  assert.deepEqual(scene.heard.at(-1), ["room-closed", { projectId: 7 }]);
  assert.deepEqual(await ask(scene), { ok: false, error });
});

test("WebSocket is tried again less and less often", async () => {
  const { socket } = await blocked();
  const tries = [];
  for (let minute = 1; minute <= 20; minute += 1) {
    const before = socket.tries;
    await pass(MINUTE);
    if (socket.tries === before) continue;
    tries.push(minute);
    socket.refuse();
    assert.equal(socket.active, false);
  }
  assert.deepEqual(tries, [1, 2, 4, 8, 13, 18]);
});

test("a try that failed while nothing answered does not put off the next one", async () => {
  const scene = await blocked();
  scene.poll.fail(new Error("network"));
  scene.socket.refuse();
  scene.poll.error = null;
  await pass(SECOND);
  assert.equal((await ask(scene)).ok, true);
  const before = scene.socket.tries;
  await pass(3 * SECOND);
  assert.equal(scene.socket.tries, before + 1);
});

test("WebSocket takes over once it has lasted, without a moment of silence", async () => {
  const scene = await blocked();
  await pass(MINUTE);
  scene.socket.open();
  await pass(9 * SECOND);
  assert.equal(scene.poll.isWaiting, true);
  const before = scene.heard.length;
  await pass(SECOND);
  assert.deepEqual(scene.heard.slice(before), [["connect", undefined]]);
  assert.equal(scene.connection.isPolling, true);
  await ask(scene);
  assert.deepEqual(scene.socket.asked, [["join_room", QUESTION]]);
  assert.equal(scene.connection.isPolling, false);
  assert.equal(scene.poll.isWaiting, false);
});

test("WebSocket that does not last changes nothing", async () => {
  const scene = await blocked();
  const before = scene.heard.length;
  await pass(MINUTE);
  scene.socket.open();
  await pass(5 * SECOND);
  scene.socket.close("transport close");
  await pass(20 * SECOND);
  assert.equal(scene.heard.length, before);
  assert.equal(scene.connection.isPolling, true);
  assert.equal(scene.poll.isWaiting, true);
});

test("WebSocket that takes over and does not answer gives the question to the poll", async () => {
  const scene = await blocked();
  await pass(MINUTE);
  scene.socket.open();
  await pass(10 * SECOND);
  scene.socket.isDeaf = true;
  assert.equal((await ask(scene)).ok, true);
  assert.equal(scene.connection.isPolling, true);
  assert.equal(scene.socket.connected, false);
});

test("where the poll fails the first that works is taken", async () => {
  const scene = await blocked();
  const before = scene.socket.tries;
  scene.poll.fail(new Error("network"));
  assert.equal(scene.socket.tries, before + 1);
  scene.socket.open();
  assert.equal(scene.connection.connected, true);
  await ask(scene);
  assert.equal(scene.connection.isPolling, false);
});

test("it tries WebSocket at once when the network may be another one", async () => {
  const { connection, socket } = await blocked();
  const before = socket.tries;
  connection.retry();
  connection.retry();
  assert.equal(socket.tries, before + 1);
});

test("a page that is put aside does nothing, and goes on as it was", async () => {
  const scene = await blocked();
  scene.connection.disconnect();
  assert.deepEqual(scene.heard.at(-1), ["disconnect", "io client disconnect"]);
  assert.equal(scene.poll.isWaiting, false);
  const { tries } = scene.socket;
  await pass(10 * MINUTE);
  assert.equal(scene.socket.tries, tries);
  scene.connection.connect();
  assert.deepEqual(scene.heard.at(-1), ["connect", undefined]);
  await ask(scene);
  assert.equal(scene.poll.isWaiting, true);
});
