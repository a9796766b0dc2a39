// The small helpers of the pages around the chat.
import assert from "node:assert/strict";
import { test } from "node:test";
import "./support.mjs";

const { colour, initials } = await import("projchat/helpers/avatar");
const { describe } = await import("projchat/helpers/browser");
const { linesAround } = await import("projchat/helpers/lines");
const { pieces } = await import("projchat/helpers/marked");

for (const [name, letters] of [
  ["Анна", "А"],
  ["анна мария ковалёва", "АК"],
  ["  Bob   Stone ", "BS"],
  ["👩‍🚀 Eve", "👩E"],
  ["", "?"],
]) {
  test(`the initials of "${name}"`, () => assert.equal(initials(name), letters));
}

for (const [text, marks, shown] of [
  ["plain", [], "plain"],
  ["all", [[0, 3]], "[all]"],
  ["👍 ok 👍", [[2, 4]], "👍 [ok] 👍"],
  [
    "ab",
    [
      [0, 1],
      [1, 2],
    ],
    "[a][b]",
  ],
  ["<b>", [[1, 2]], "<[b]>"],
]) {
  test(`the marks in "${text}"`, () => {
    const seen = pieces(text, marks).map((piece) =>
      piece.isMarked ? `[${piece.text}]` : piece.text,
    );
    assert.equal(seen.join(""), shown);
  });
}

test("a person's colour is always the same, and neighbours differ", () => {
  assert.equal(colour(7), colour(7));
  assert.notEqual(colour(7), colour(8));
  assert.ok(colour(12_345) < 12);
});

const GECKO = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";
for (const [agent, browser, system] of [
  [GECKO, "Firefox", "Linux"],
  [`Mozilla/5.0 (Windows NT 10.0) ${WEBKIT} Chrome/140.0 Safari/537.36`, "Chrome", "Windows"],
  [
    `Mozilla/5.0 (Windows NT 10.0) ${WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0`,
    "Edge",
    "Windows",
  ],
  [
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) ${WEBKIT} Version/19.0 Safari/605.1`,
    "Safari",
    "macOS",
  ],
  [
    `Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) ${WEBKIT} Version/19.0 Safari/604.1`,
    "Safari",
    "iOS",
  ],
  [
    `Mozilla/5.0 (Linux; Android 16) ${WEBKIT} Chrome/140.0 Mobile Safari/537.36`,
    "Chrome",
    "Android",
  ],
  [
    `Mozilla/5.0 (X11; Linux) ${WEBKIT} Chrome/140.0 YaBrowser/26.1 Safari/537.36`,
    "Yandex Browser",
    "Linux",
  ],
  ["curl/8.5.0", "curl", null],
  ["", null, null],
]) {
  test(`the browser "${browser}" on "${system}"`, () => {
    assert.deepEqual(describe(agent), { browser, system });
  });
}

const { recentTimeOf } = await import("projchat/helpers/dates");

test("a time bears its day unless that is today", () => {
  const date = new Date(2026, 2, 4, 14, 2);
  assert.doesNotMatch(recentTimeOf(date, new Date(2026, 2, 4, 23)), /Mar/);
  assert.match(recentTimeOf(date, new Date(2026, 2, 5)), /Mar.*2:02/);
});

for (const [text, start, end, lines] of [
  ["", 0, 0, ""],
  ["one", 1, 1, "one"],
  ["one\ntwo\nthree", 5, 5, "two"],
  ["one\ntwo\nthree", 2, 5, "one\ntwo"],
  ["one\ntwo\nthree", 0, 4, "one"],
  ["\none", 0, 0, ""],
  ["one\n", 4, 4, ""],
]) {
  test(`the lines around ${start} to ${end} of ${JSON.stringify(text)}`, () => {
    assert.equal(text.slice(...linesAround(text, start, end)), lines);
  });
}
