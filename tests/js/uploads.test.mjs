import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { settled } from "./support.mjs";

const { Uploads } = await import("projchat/uploads");

const LIMIT = 1_000_000;

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

/** A server that keeps the bytes of each file, and refuses what a test tells it to. */
class Server {
  files = [];
  asked = [];
  trouble = () => null;

  uploads = new Uploads({
    call: (...request) => this.#answer(...request),
    limit: LIMIT,
    onChange: () => {},
    random: () => 0.5,
  });

  async #answer(method, path, body, { headers } = {}) {
    const offset = Number(headers?.["Upload-Offset"] ?? -1);
    this.asked.push(offset < 0 ? method : `${method} ${offset}`);
    const trouble = this.trouble(method, offset);
    if (trouble) throw trouble;
    if (method === "POST") this.files.push({ id: this.files.length, size: body.size, offset: 0 });
    const file = this.files[method === "POST" ? this.files.length - 1 : Number(path.slice(1))];
    if (method === "PATCH") file.offset += body.size;
    const isWhole = file.offset === file.size;
    return { ...file, id: String(file.id), attachment: isWhole ? { id: String(file.id) } : null };
  }
}

function file(name, size) {
  return new File([new Uint8Array(size)], name);
}

async function passed(seconds) {
  await settled();
  mock.timers.tick(seconds * 1000);
  await settled();
}

/** Waits until something holds that depends on the reading of files, which takes its time. */
async function until(holds) {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

test("a file goes up in chunks that grow, and is handed over once it is whole", async () => {
  const { uploads, asked } = new Server();
  uploads.add([file("a", 500_000)]);
  assert.equal(await uploads.settled(), true);
  assert.deepEqual(asked, ["POST", "PATCH 0", "PATCH 131072", "PATCH 393216"]);
  assert.deepEqual(uploads.take(), [{ id: "0" }]);
  assert.equal(uploads.isEmpty, true);
});

test("what breaks off asks how far it has come and goes on from there", async () => {
  const server = new Server();
  let cuts = 0;
  server.trouble = (method, offset) => {
    if (method !== "PATCH" || offset === 0 || cuts > 0) return null;
    cuts += 1;
    // Some of it has arrived all the same.
    server.files[0].offset += 1000;
    return new Error("cut");
  };
  server.uploads.add([file("a", 300_000)]);
  await until(() => server.uploads.items[0].state === "stuck");
  server.uploads.wake();
  assert.equal(await server.uploads.settled(), true);
  assert.deepEqual(server.asked, [
    "POST",
    "PATCH 0",
    "PATCH 131072",
    "GET",
    "PATCH 132072",
    "PATCH 263144",
  ]);
});

test("a refusal ends it until it is tried again, and lets no message go", async () => {
  const server = new Server();
  server.trouble = () => Object.assign(new Error("No room."), { status: 409 });
  server.uploads.add([file("a", 10)]);
  assert.equal(await server.uploads.settled(), false);
  assert.equal(server.uploads.items[0].error, "No room.");
  server.trouble = () => null;
  server.uploads.retry(server.uploads.items[0].key);
  assert.equal(await server.uploads.settled(), true);
});

test("a server that is away is asked again by itself", async () => {
  const server = new Server();
  server.trouble = () => Object.assign(new Error("away"), { status: 503, retryAfter: 2 });
  server.uploads.add([file("a", 10)]);
  await passed(0);
  assert.equal(server.uploads.items[0].state, "stuck");
  server.trouble = () => null;
  await passed(3);
  assert.equal(await server.uploads.settled(), true);
});

test("what cannot be sent is not tried", async () => {
  const { uploads, asked } = new Server();
  const left = uploads.add([file("a", 0), file("b", LIMIT + 1), ...Array(10).fill(file("c", 1))]);
  assert.equal(left, 2);
  assert.deepEqual(
    uploads.items.slice(0, 2).map(({ error }) => error),
    ["The file is empty.", "It is larger than 977 kB."],
  );
  for (const { key } of [...uploads.items]) uploads.remove(key);
  await settled();
  assert.equal(uploads.isEmpty, true);
  assert.ok(!asked.includes("PATCH 0"));
});

test("two go up at once, and what is given up is given up on the server too", async () => {
  const server = new Server();
  server.uploads.add([file("a", 10), file("b", 10), file("c", 10)]);
  assert.deepEqual(
    server.uploads.items.map(({ state }) => state),
    ["sending", "sending", "waiting"],
  );
  server.uploads.remove(server.uploads.items[2].key);
  assert.equal(await server.uploads.settled(), true);
  server.uploads.remove(server.uploads.items[0].key);
  assert.equal(server.asked.at(-1), "DELETE");
  assert.deepEqual(server.uploads.take(), [{ id: "1" }]);
});
