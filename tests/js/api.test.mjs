// The door to the API: the token, the two kinds of failure, and the one retry.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import "./support.mjs";

const meta = { content: "old" };
const metas = { "csrf-token": meta, viewer: { content: "7" }, history: { content: "a1" } };
let answers;
let calls;
let reloads = 0;

globalThis.document = { querySelector: (selector) => metas[selector.match(/name=([\w-]+)/)[1]] };
globalThis.location = {
  reload: () => {
    reloads += 1;
  },
};
globalThis.fetch = async (path, options) => {
  calls.push({ path, ...options });
  const answer = answers.shift();
  if (answer instanceof Error) throw answer;
  return answer;
};

const { ApiError, NetworkError, api } = await import("projchat/api");
const { beforeStartingAfresh, isStartingAfresh } = await import("projchat/history");

beforeEach(() => {
  meta.content = "old";
  answers = [];
  calls = [];
});

function json(status, body, headers = {}) {
  return new Response(status === 204 ? null : JSON.stringify(body), { status, headers });
}

function refused(status, code, fields = {}) {
  return json(status, { error: { code, message: `Words for ${code}.`, fields } });
}

test("an answer comes as it is", async () => {
  answers = [json(200, { projects: [] })];
  assert.deepEqual(await api("GET", "/api/projects"), { projects: [] });
  assert.equal(calls[0].headers["X-CSRFToken"], undefined);
});

test("no content is null", async () => {
  answers = [json(204)];
  assert.equal(await api("DELETE", "/api/projects/1/invites/2"), null);
});

test("an unsafe call carries the token and JSON", async () => {
  answers = [json(201, {})];
  await api("POST", "/api/projects", { name: "Сайт" });
  assert.equal(calls[0].headers["X-CSRFToken"], "old");
  assert.equal(calls[0].headers["Content-Type"], "application/json");
  assert.equal(calls[0].body, '{"name":"Сайт"}');
});

test("a refusal says what and where", async () => {
  answers = [refused(422, "invalid", { name: "Too long." })];
  await assert.rejects(api("POST", "/api/projects", {}), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 422);
    assert.equal(error.code, "invalid");
    assert.equal(error.message, "Words for invalid.");
    assert.deepEqual(error.fields, { name: "Too long." });
    assert.equal(error.retryAfter, null);
    return true;
  });
});

test("a refusal says how long to wait", async () => {
  answers = [
    json(503, { error: { code: "unavailable", message: "Later." } }, { "Retry-After": "2" }),
  ];
  await assert.rejects(api("GET", "/api/projects"), { status: 503, retryAfter: 2 });
});

test("a page of a proxy is a refusal with words of our own", async () => {
  answers = [new Response("<h1>Bad Gateway</h1>", { status: 502 })];
  await assert.rejects(api("GET", "/api/projects"), { status: 502, code: "unavailable" });
});

test("no answer is a broken network", async () => {
  answers = [new TypeError("fetch failed")];
  await assert.rejects(api("GET", "/api/projects"), NetworkError);
});

test("half an answer is a broken network too", async () => {
  answers = [new Response('{"projects": [', { status: 200 })];
  await assert.rejects(api("GET", "/api/projects"), NetworkError);
});

test("a caller who gives up gets their own error back", async () => {
  answers = [new DOMException("Given up", "AbortError")];
  await assert.rejects(api("GET", "/api/projects"), { name: "AbortError" });
});

test("a stale token is renewed, and the call made once more", async () => {
  answers = [
    refused(403, "csrf_failed"),
    json(200, { csrfToken: "new", user: { id: 7 } }),
    json(201, {}),
  ];
  await api("POST", "/api/projects", { name: "A" });
  assert.deepEqual(
    calls.map(({ method, path }) => `${method} ${path}`),
    ["POST /api/projects", "GET /api/session", "POST /api/projects"],
  );
  assert.equal(calls[2].headers["X-CSRFToken"], "new");
  assert.equal(calls[2].body, '{"name":"A"}');
});

test("a token that is refused twice is told", async () => {
  answers = [
    refused(403, "csrf_failed"),
    json(200, { csrfToken: "new", user: { id: 7 } }),
    refused(403, "csrf_failed"),
  ];
  await assert.rejects(api("POST", "/api/projects", {}), { code: "csrf_failed" });
  assert.equal(calls.length, 3);
});

test("nothing is tried again in the name of somebody else", async () => {
  answers = [refused(403, "csrf_failed"), json(200, { csrfToken: "new", user: { id: 8 } })];
  await assert.rejects(api("POST", "/api/projects", {}), { code: "csrf_failed" });
  assert.equal(calls.length, 2);
});

test("another refusal is not tried again", async () => {
  answers = [refused(403, "forbidden")];
  await assert.rejects(api("POST", "/api/projects", {}), { code: "forbidden" });
  assert.equal(calls.length, 1);
});

test("a token that comes with an answer is kept", async () => {
  answers = [json(200, { csrfToken: "after the log-in", user: { id: 1 } })];
  await api("POST", "/api/session", {});
  assert.equal(meta.content, "after the log-in");
});

test("every call says which history its numbers are of", async () => {
  answers = [json(200, {}), json(201, {})];
  await api("GET", "/api/projects/7/messages?since=3");
  await api("POST", "/api/projects", {});
  assert.deepEqual(
    calls.map(({ headers }) => headers["X-Projchat-History"]),
    ["a1", "a1"],
  );
});

test("an answer of the same history is taken", async () => {
  answers = [json(200, { history: "a1", messages: [] })];
  assert.deepEqual(await api("GET", "/api/session"), { history: "a1", messages: [] });
});

test("what is of another history is not taken, and the page starts afresh, once", async () => {
  let saved = 0;
  beforeStartingAfresh(async () => {
    saved += 1;
  });
  answers = [refused(409, "history_changed"), json(200, { history: "b2", user: { id: 7 } })];
  await assert.rejects(api("POST", "/api/projects", {}), { status: 409, code: "history_changed" });
  assert.equal(isStartingAfresh(), true);
  await assert.rejects(api("GET", "/api/session"), { status: 409, code: "history_changed" });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([saved, reloads, calls.length], [1, 1, 2]);
});
