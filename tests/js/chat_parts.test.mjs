import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { StorageDouble, settled } from "./support.mjs";

const { Divider } = await import("projchat/divider");
const { adoptDrafts, Drafts, keptDrafts } = await import("projchat/drafts");
const { continues, beginsDay } = await import("projchat/helpers/grouping");
const { newId } = await import("projchat/helpers/ids");
const { connection, progress, sentenceOf, typing } = await import("projchat/helpers/sentences");
const { membersFor } = await import("projchat/member_search");
const { Mentions } = await import("projchat/mentions");
const { People } = await import("projchat/people");
const { Quotes } = await import("projchat/quotes");
const { Reading } = await import("projchat/reading");
const { TypingNotice } = await import("projchat/typing_notice");
const { TypingTracker } = await import("projchat/typing_tracker");

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

// Typing

const anna = { userId: 1, userName: "Anna", isTyping: true };
const boris = { userId: 2, userName: "Boris", isTyping: true };

test("somebody who goes silent is no longer typing after 5 s", () => {
  const tracker = new TypingTracker(() => {});
  tracker.note(anna);
  mock.timers.tick(4999);
  assert.deepEqual(tracker.names, ["Anna"]);
  mock.timers.tick(1);
  assert.deepEqual(tracker.names, []);
});

test("each further word of typing prolongs it", () => {
  const tracker = new TypingTracker(() => {});
  tracker.note(anna);
  mock.timers.tick(3000);
  tracker.note(anna);
  mock.timers.tick(3000);
  assert.deepEqual(tracker.names, ["Anna"]);
});

test("typing ends with the word that it has, or with the message", () => {
  const tracker = new TypingTracker(() => {});
  tracker.note(anna);
  tracker.note(boris);
  tracker.note({ ...anna, isTyping: false });
  tracker.forget(2);
  assert.deepEqual(tracker.names, []);
});

test("the typing line is told only what is new", () => {
  let changes = 0;
  const tracker = new TypingTracker(() => {
    changes += 1;
  });
  for (const news of [anna, anna, boris, { ...anna, isTyping: false }]) tracker.note(news);
  tracker.forget(1);
  assert.equal(changes, 3);
});

test("the typing line names two and counts the others", () => {
  assert.equal(typing([]), "");
  assert.equal(typing(["Anna"]), "Anna is typing…");
  assert.equal(typing(["Anna", "Boris"]), "Anna and Boris are typing…");
  assert.equal(typing(["A", "B", "C", "D"]), "A, B and 2 more are typing…");
});

test("my typing is told at once, repeated while it lasts, and ends 5 s after the last key", () => {
  const told = [];
  const notice = new TypingNotice((isTyping) => told.push(isTyping));
  for (let key = 0; key < 30; key += 1) {
    notice.type();
    mock.timers.tick(100);
  }
  assert.deepEqual(told, [true, true]);
  mock.timers.tick(4900);
  assert.deepEqual(told, [true, true, true, false]);
});

test("a sent message says itself that the typing is over", () => {
  const told = [];
  const notice = new TypingNotice((isTyping) => told.push(isTyping));
  notice.type();
  notice.sent();
  mock.timers.tick(10_000);
  assert.deepEqual(told, [true]);
});

test("nothing is told of a typing that never began", () => {
  const told = [];
  new TypingNotice((isTyping) => told.push(isTyping)).stop();
  assert.deepEqual(told, []);
});

// Reading

test("how far I read is told at most once a second", async () => {
  const told = [];
  const reading = new Reading(async (number) => told.push(number), 3);
  for (const number of [3, 4, 5, 9]) reading.reach(number);
  await settled();
  mock.timers.tick(1000);
  await settled();
  mock.timers.tick(5000);
  assert.deepEqual(told, [4, 9]);
});

test("what could not be told is told when the connection is back", async () => {
  const told = [];
  let offline = true;
  const reading = new Reading(async (number) => {
    told.push(number);
    if (offline) throw new Error("no connection");
  }, 0);
  reading.reach(4);
  await settled();
  mock.timers.tick(10_000);
  assert.deepEqual(told, [4]);
  offline = false;
  reading.again();
  await settled();
  reading.again();
  assert.deepEqual(told, [4, 4]);
});

test("after the database went back it tells anew how far I read", async () => {
  const told = [];
  const reading = new Reading(async (number) => told.push(number), 300);
  reading.reach(110);
  reading.restart();
  reading.reach(110);
  await settled();
  assert.deepEqual(told, [110]);
});

test("what another tab has told is not told again", () => {
  const told = [];
  const reading = new Reading(async (number) => told.push(number), 0);
  reading.known(7);
  reading.reach(6);
  assert.deepEqual(told, []);
});

// People

const members = [
  { id: 1, name: "Anna", role: "owner", lastReadNumber: 5 },
  { id: 2, name: "Boris", role: "member", lastReadNumber: 3 },
  { id: 3, name: "Clara", role: "member", lastReadNumber: 5 },
];

test("it counts who of the others has read a message", () => {
  const people = new People({ members, presence: [] }, 1);
  assert.deepEqual(people.readersOf(4), { read: 1, of: 2 });
  assert.equal(people.read(2, 4), true);
  assert.equal(people.read(2, 4), false);
  assert.deepEqual(people.readersOf(4), { read: 2, of: 2 });
});

test("nobody's reading goes back when the members are fetched anew", () => {
  const people = new People({ members, presence: [] }, 1);
  people.read(2, 9);
  people.replace({ members, presence: [{ id: 2 }] });
  assert.equal(people.readNumber(2), 9);
  assert.equal(people.isPresent(2), true);
});

test("after the database went back everybody's reading is what the server says", () => {
  const people = new People({ members, presence: [] }, 1);
  people.read(2, 90);
  people.doubt();
  assert.equal(people.isInDoubt, true);
  people.replace({ members, presence: [] });
  assert.equal(people.isInDoubt, false);
  assert.equal(people.readNumber(2), 3);
  people.read(2, 4);
  people.replace({ members, presence: [] });
  assert.equal(people.readNumber(2), 4);
});

test("what is heard of the reading after the database went back is not undone", () => {
  const people = new People({ members, presence: [] }, 1);
  people.read(2, 90);
  people.doubt();
  assert.equal(people.read(2, 4), true);
  assert.equal(people.readNumber(2), 4);
  people.replace({ members, presence: [] });
  assert.equal(people.readNumber(2), 4);
});

test("a name that may be taken for another has the username beside it", () => {
  const twin = { id: 4, name: "Аnna", username: "mallory", mistakable: true };
  const people = new People({ members: [...members, twin], presence: [] }, 1);
  assert.equal(people.tagOf(members[1]), "");
  assert.equal(people.nameOf(members[1]), "Boris");
  assert.equal(people.tagOf(twin), "@mallory");
  assert.equal(people.nameOf(twin), "Аnna (@mallory)");
});

test("who is no member now and has the name of one is told from them", () => {
  const people = new People({ members, presence: [] }, 1);
  assert.equal(people.tagOf({ id: 9, name: "Dora" }), "");
  assert.equal(people.nameOf({ id: 9, name: "ＡＮＮＡ ." }), "ＡＮＮＡ . (a former member)");
});

test("of very many who are here it counts also those whom the server does not name", () => {
  const people = new People({ members, presence: [{ id: 1 }, { id: 2 }], presenceCount: 700 }, 1);
  assert.equal(people.presentCount, 700);
  assert.equal(people.isPresent(3), false);
  people.arrive([{ id: 2 }, { id: 3 }]);
  assert.equal(people.presentCount, 2);
});

// Quotes

test("a quoted message is fetched once", async () => {
  const fetched = [];
  let changes = 0;
  const quotes = new Quotes({
    find: (number) => (number === 9 ? { number } : undefined),
    fetch: async (number) => fetched.push(number) && { number },
    onChange: () => {
      changes += 1;
    },
  });
  assert.deepEqual(quotes.get(9), { number: 9 });
  for (const number of [4, 4, 5]) assert.equal(quotes.get(number), undefined);
  await settled();
  assert.deepEqual(quotes.get(4), { number: 4 });
  assert.deepEqual([fetched, changes], [[4, 5], 2]);
});

test("a quote that failed for want of a connection is fetched later", async () => {
  let offline = true;
  const fetch = async (number) => {
    if (offline) throw new Error("no connection");
    return { number };
  };
  const quotes = new Quotes({ find: () => undefined, fetch, onChange: () => {} });
  quotes.get(4);
  await settled();
  offline = false;
  quotes.get(4);
  await settled();
  assert.deepEqual(quotes.get(4), { number: 4 });
});

// The divider

test("the divider stands before the first unread message", () => {
  assert.equal(new Divider(5, 9).number, 6);
  assert.equal(new Divider(9, 9).number, null);
});

test("what comes while the reader is away is new", () => {
  const divider = new Divider(9, 9);
  divider.update(10);
  assert.equal(divider.number, null);
  divider.leave(10, 10);
  divider.update(12);
  divider.comeBack();
  divider.update(15);
  assert.equal(divider.number, 11);
  divider.clear();
  assert.equal(divider.number, null);
});

test("the divider stays where unread messages wait already", () => {
  const divider = new Divider(5, 9);
  divider.leave(9, 7);
  divider.update(12);
  assert.equal(divider.number, 6);
});

// Drafts

function draftsIn(storage, { userId = 1, place = 7, history = "a1" } = {}) {
  const origin = { userId, username: "anna", history, projectName: "Payroll" };
  return new Drafts({ storage: () => storage, origin, place });
}

test("a draft belongs to a person, a project and a history", () => {
  const storage = new StorageDouble();
  draftsIn(storage).write({ content: "half a", replyTo: 3 });
  assert.deepEqual(draftsIn(storage).read(), { content: "half a", replyTo: 3 });
  for (const other of [{ place: 8 }, { userId: 2 }, { history: "b2" }]) {
    assert.deepEqual(draftsIn(storage, other).read(), { content: "", replyTo: null });
  }
});

test("a draft says whose it is, and of which project and history", () => {
  const storage = new StorageDouble();
  draftsIn(storage).write({ content: "half a", replyTo: 3 });
  const [{ writtenAt, ...draft }] = keptDrafts(storage);
  assert.ok(Date.parse(writtenAt));
  assert.deepEqual(draft, {
    key: "projchat.draft.a1.1.7",
    content: "half a",
    replyTo: 3,
    history: "a1",
    userId: 1,
    username: "anna",
    projectName: "Payroll",
  });
});

test("a draft that was kept before there were histories is of the one that was known", () => {
  const old = JSON.stringify({ content: "half a", replyTo: 3 });
  const storage = new StorageDouble({
    "projchat.draft.1.7": old,
    "projchat.draft.1.7.thread.3": old,
  });
  adoptDrafts(storage, "a1");
  adoptDrafts(storage, "b2");
  assert.deepEqual(draftsIn(storage).read(), { content: "half a", replyTo: 3 });
  assert.equal(draftsIn(storage, { place: "7.thread.3" }).read().content, "half a");
  assert.equal(draftsIn(storage, { history: "b2" }).read().content, "");
  assert.equal(Object.keys(storage).length, 2);
});

test("an empty draft leaves nothing behind, and a broken one does no harm", () => {
  const storage = new StorageDouble();
  const drafts = draftsIn(storage);
  drafts.write({ content: "text", replyTo: null });
  drafts.write({ content: " \n", replyTo: null });
  assert.deepEqual(Object.keys(storage), []);
  storage.setItem("projchat.draft.a1.1.7", "{");
  assert.equal(drafts.read().content, "");
});

/** Two tabs of one browser: what one writes, the other hears of. */
function twoTabs() {
  const storage = new StorageDouble();
  const [mine, other] = [draftsIn(storage), draftsIn(storage)];
  const write = (content) => {
    other.write(only(content));
    return { key: "projchat.draft.a1.1.7" };
  };
  return { mine, write };
}

function only(content) {
  return { content, replyTo: null };
}

test("a tab takes over what another writes, unless it writes another text itself", () => {
  const { mine, write } = twoTabs();
  assert.equal(mine.hear(write("one"), only(""), true).content, "one");
  assert.equal(mine.hear(write("one two"), only("one"), true).content, "one two");
  assert.equal(mine.hear(write("three"), only("not that"), false).content, "three");
  assert.equal(mine.hear(write("four"), only("not that"), true), null);
  const elsewhere = { ...write("five"), key: "projchat.draft.a1.1.70" };
  assert.equal(mine.hear(elsewhere, only(""), false), null);
});

test("what another tab wrote waits until this one is empty, or writes on", () => {
  const { mine, write } = twoTabs();
  assert.equal(mine.hear(write("theirs"), only("mine"), true), null);
  assert.equal(mine.write(only("")).content, "theirs");
  assert.equal(mine.write(only("")), null);
  assert.equal(mine.read().content, "");
  assert.equal(mine.hear(write("theirs"), only("mine"), true), null);
  assert.equal(mine.write(only("mine too")), null);
  assert.equal(mine.write(only("")), null);
});

test("a tab that writes while another sends keeps its text", () => {
  const { mine, write } = twoTabs();
  write("theirs");
  mine.write(only("mine"));
  assert.equal(mine.hear(write(""), only("mine"), true), null);
  assert.equal(mine.read().content, "mine");
});

test("a draft that has just been taken over goes when the other tab has sent it", () => {
  const { mine, write } = twoTabs();
  mine.hear(write("theirs"), only(""), true);
  assert.equal(mine.hear(write(""), only("theirs"), true).content, "");
});

test("what is sent takes no other tab's draft away", () => {
  const { mine, write } = twoTabs();
  mine.write(only("mine"));
  write("theirs");
  assert.equal(mine.sent(only("mine"), only("")).content, "theirs");
  assert.equal(mine.write(only("")), null);
  mine.write(only("mine"));
  assert.equal(mine.sent(only("mine"), only("")), null);
  assert.equal(mine.read().content, "");
  assert.equal(mine.sent(only("mine"), only("")), null);
});

test("what is written while the last is still being sent stays this tab's own", () => {
  const { mine, write } = twoTabs();
  mine.write(only("next"));
  assert.equal(mine.sent(only("last"), only("next")), null);
  assert.equal(mine.hear(write(""), only("next"), true), null);
  assert.equal(mine.read().content, "next");
});

// Grouping

function said(time, values = {}) {
  return { kind: "text", author: { id: 1 }, createdAt: `2026-03-04T${time}:00`, ...values };
}

test("messages of one author within five minutes stand together", () => {
  assert.equal(continues(said("12:00"), said("12:04")), true);
  assert.equal(continues(said("12:00"), said("12:05")), false);
  assert.equal(continues(said("12:00"), said("12:01", { author: { id: 2 } })), false);
  assert.equal(continues(said("12:00", { kind: "system" }), said("12:01")), false);
  assert.equal(continues(null, said("12:01")), false);
});

test("a new day begins a new group", () => {
  const before = { ...said("23:59"), createdAt: "2026-03-03T23:59:00" };
  assert.equal(continues(before, said("00:01")), false);
  assert.equal(beginsDay(before, said("00:01")), true);
  assert.equal(beginsDay(said("00:01"), said("00:02")), false);
});

// Sentences

test("the light says since when it is offline, and what waits", () => {
  const since = new Date(2026, 2, 4, 14, 2);
  assert.equal(connection("live", since, 0), "connected");
  assert.match(connection("offline", since, 3), /^offline since .*2:02.* · 3 waiting$/);
  assert.equal(connection("behind", since, 0), "catching up…");
});

test("a message of mine is sent, then read by some", () => {
  assert.equal(progress({ read: 0, of: 3 }), "Sent");
  assert.equal(progress({ read: 2, of: 3 }), "Read by 2 of 3");
});

test("a system message is told from its event, not from its content", () => {
  const event = { type: "member-removed", userId: 2, userName: "Boris" };
  const message = { author: { name: "Anna" }, content: "boris member-removed", event };
  assert.equal(sentenceOf(message), "Anna removed Boris");
  const unknown = { ...message, event: { type: "something-new" } };
  assert.equal(sentenceOf(unknown), "boris member-removed");
});

test("ids are unique, with and without a secure context", () => {
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(newId(), form);
  mock.method(crypto, "randomUUID", () => {});
  crypto.randomUUID = undefined;
  try {
    assert.match(newId(), form);
    assert.notEqual(newId(), newId());
  } finally {
    delete crypto.randomUUID;
  }
});

// Marking as unread, mentions

test("what is marked as unread stays so until the reader comes back", () => {
  const told = [];
  const reading = new Reading((number) => told.push(number), 10);
  reading.hold(4);
  reading.reach(12);
  mock.timers.tick(5000);
  assert.deepEqual(told, []);
  reading.release();
  reading.reach(12);
  assert.deepEqual(told, [12]);
});

test("the divider goes where the reader puts it", () => {
  const divider = new Divider(10, 10);
  divider.putAt(4);
  divider.update(12);
  assert.equal(divider.number, 4);
});

test("whoever does not show their reading is not counted among the readers", () => {
  const member = (id, lastReadNumber) => ({ id, name: `P${id}`, role: "member", lastReadNumber });
  const members = [member(1, 9), member(2, 9), member(3, 2), member(4, null)];
  const people = new People({ members, presence: [] }, 1);
  assert.deepEqual(people.readersOf(5), { read: 1, of: 2 });
  assert.deepEqual(
    Object.values(people.readingOf(5)).map((each) => each.map(({ id }) => id)),
    [[2], [3], [4]],
  );
  assert.equal(people.read(4, 8), false);
  people.replace({ members, presence: [] });
  assert.equal(people.find(4).lastReadNumber, null);
  people.show(4, 8);
  assert.deepEqual(people.readersOf(5), { read: 2, of: 3 });
});

test("a mention counts once, until it is read or edited away", () => {
  const mentions = new Mentions(1, [3, 5]);
  mentions.add(5, 2);
  mentions.add(2, 2);
  assert.equal(mentions.count, 2);
  mentions.look(
    [
      { number: 5, mentions: [] },
      { number: 6, mentions: [1, 2] },
    ],
    2,
  );
  assert.equal(mentions.count, 2);
  mentions.read(3);
  assert.equal(mentions.count, 1);
});

test("a member is found by any word of their name, and everybody where that is allowed", () => {
  const member = (id, username, name) => ({
    id,
    username,
    name,
    role: "member",
    lastReadNumber: 0,
  });
  const members = [member(1, "me", "Me"), member(2, "anna", "Анна Белая"), member(3, "abe", "Åbe")];
  const found = (text, rest = {}) => {
    const people = new People({ members, presence: [{ id: 3 }] }, 1);
    const chat = { people, viewer: { id: 1 }, manages: false, ...rest };
    return membersFor(chat, text).map(({ value }) => value);
  };
  assert.deepEqual(found(""), ["@abe", "@anna", "@all"]);
  assert.deepEqual(found("бел"), ["@anna"]);
  assert.deepEqual(found("AB"), ["@abe"]);
  assert.deepEqual(found("me"), []);
  for (let id = 4; id < 20; id += 1) members.push(member(id, `x${id}`, "X"));
  assert.deepEqual(found("al"), []);
  assert.deepEqual(found("al", { manages: true }), ["@all"]);
  assert.equal(found("", { manages: true }).length, 8);
});
