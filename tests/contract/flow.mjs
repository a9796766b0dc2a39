// The whole story from outside, as a stranger's program would drive it: HTTP with fetch, live
// events with npm's socket.io-client, only the names of the contract.
//
// usage: node flow.mjs URL OWNER MEMBER OUTSIDER PASSWORD PROJECT_ID

import assert from "node:assert/strict";
import { io } from "socket.io-client";

const [url, owner, member, outsider, password, projectId] = process.argv.slice(2);
const project = { projectId: Number(projectId) };
const messages = `/api/projects/${projectId}/messages`;
const QUIET = 400;

class Client {
  #cookie = "";
  #token = "";

  async request(method, path, body) {
    const headers = { Cookie: this.#cookie, "X-CSRFToken": this.#token };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
    for (const cookie of answer.headers.getSetCookie()) this.#cookie = cookie.split(";")[0];
    const data = answer.status === 204 ? null : await answer.json();
    if (data?.csrfToken) this.#token = data.csrfToken;
    return { status: answer.status, data };
  }

  async login(username) {
    await this.request("GET", "/api/session");
    const { status, data } = await this.request("POST", "/api/session", { username, password });
    assert.equal(status, 200);
    assert.equal(data.user.username, username);
  }

  connect() {
    const socket = io(url, {
      path: "/api/socket",
      transports: ["websocket"],
      extraHeaders: { Cookie: this.#cookie, Origin: url },
      forceNew: true,
      reconnection: false,
    });
    this.heard = [];
    socket.onAny((event, data) => this.heard.push({ event, data }));
    this.socket = socket;
    return new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("connect_error", reject);
    });
  }

  ask(event, data) {
    return this.socket.timeout(5000).emitWithAck(event, data);
  }

  async hears(event, matches = () => true) {
    for (let tries = 0; tries < 100; tries += 1) {
      const found = this.heard.find((one) => one.event === event && matches(one.data));
      if (found) return found.data;
      await pause(50);
    }
    throw new Error(`${event} did not come`);
  }

  heardNo(event) {
    assert.ok(!this.heard.some((one) => one.event === event), `${event} should not have come`);
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const [anna, boris, charlie, nobody] = [new Client(), new Client(), new Client(), new Client()];
await anna.login(owner);
await boris.login(member);
await charlie.login(outsider);

// Nobody connects without a login; an outsider connects, and enters nothing.
await assert.rejects(nobody.connect());
nobody.socket.close();
await Promise.all([anna.connect(), boris.connect(), charlie.connect()]);
const refused = await charlie.ask("join_room", project);
assert.equal(refused.ok, false);
assert.equal(refused.error.code, "not_found");

const joined = await anna.ask("join_room", project);
assert.equal(joined.ok, true);
assert.deepEqual(joined.messages, []);
const again = await boris.ask("join_room", { ...project, since: 0 });
assert.equal(again.version, joined.version);
assert.equal(again.messages.at(-1).version, joined.version);
await anna.hears("presence", (news) => news.users.length === 2);

// Typing reaches the other, and only the other.
assert.deepEqual(await boris.ask("typing", { ...project, isTyping: true }), { ok: true });
const typing = await anna.hears("user-typing");
assert.deepEqual(Object.keys(typing), ["projectId", "userId", "userName", "isTyping"]);

// A message reaches both; sent twice it is stored once.
const body = { content: "Привет, **Борис**", clientId: `flow-${Date.now()}` };
const sent = await anna.request("POST", messages, body);
assert.equal(sent.status, 201);
assert.equal(sent.data.version, joined.version + 1);
assert.deepEqual(await boris.hears("new-message"), sent.data);
assert.deepEqual(await anna.hears("new-message"), sent.data);
const retried = await anna.request("POST", messages, body);
assert.deepEqual([retried.status, retried.data], [200, sent.data]);
const other = await anna.request("POST", messages, { ...body, content: "Something else" });
assert.equal(other.status, 409);

// A reply, an edit, a deletion.
const reply = await boris.request("POST", messages, { content: "Hi", replyTo: sent.data.number });
assert.equal(reply.data.replyTo, sent.data.number);
const edited = await boris.request("PATCH", `${messages}/${reply.data.number}`, {
  content: "Hello",
});
assert.deepEqual(await anna.hears("message-updated"), edited.data);
const deleted = await boris.request("DELETE", `${messages}/${reply.data.number}`);
assert.equal(deleted.data.content, "");
await anna.hears("message-updated", (message) => message.deletedAt);

// Reading is told; the sync cursor finds every change.
const { number } = reply.data;
await anna.request("PUT", `/api/projects/${projectId}/read`, { number });
assert.equal((await boris.hears("read")).number, number);
const changes = await boris.request("GET", `${messages}?since=${joined.version}`);
assert.deepEqual(
  changes.data.messages.map((message) => message.number),
  [sent.data.number, number],
);
assert.equal(changes.data.hasMore, false);

// The outsider has heard nothing of all this, and a former listener hears nothing more.
await boris.ask("leave_room", project);
boris.heard.length = 0;
await anna.request("POST", messages, { content: "Who hears this?" });
await anna.hears("new-message", (message) => message.content === "Who hears this?");
await pause(QUIET);
boris.heardNo("new-message");
assert.deepEqual(charlie.heard, []);
assert.equal((await charlie.request("GET", messages)).status, 404);

for (const client of [anna, boris, charlie]) client.socket.close();
