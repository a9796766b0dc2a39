// The Russian words in the browser: CLDR chooses the form, params are filled in.
import assert from "node:assert/strict";
import { register } from "node:module";
import { test } from "node:test";

const CATALOGUE = `export default ${JSON.stringify({
  locale: "ru",
  messages: {
    "Copied.": "Скопировано.",
    "Reply to {name}": "Ответ: {name}",
    "{count} new message": ["{count} новое", "{count} новых (2)", "{count} новых (5)"],
  },
})}`;
const script = new URL("../../static/js/i18n.js", import.meta.url).href;

register(
  `data:text/javascript,${encodeURIComponent(`
    export function resolve(name, context, next) {
      if (name !== "projchat/catalogue") return next(name, context);
      const url = ${JSON.stringify(`data:text/javascript,${encodeURIComponent(CATALOGUE)}`)};
      return { url, format: "module", shortCircuit: true };
    }
  `)}`,
);

const { locale, nt, t } = await import(script);

test("a text is translated, an unknown one stays as it is", () => {
  assert.equal(locale, "ru");
  assert.equal(t("Copied."), "Скопировано.");
  assert.equal(t("Never heard of"), "Never heard of");
});

test("params are filled in once, and what is not given stays visible", () => {
  assert.equal(t("Reply to {name}", { name: "{name} $& Анна" }), "Ответ: {name} $& Анна");
  assert.equal(t("Reply to {name}"), "Ответ: {name}");
});

for (const [count, words] of [
  [0, "0 новых (5)"],
  [1, "1 новое"],
  [3, "3 новых (2)"],
  [11, "11 новых (5)"],
  [22, "22 новых (2)"],
  [101, "101 новое"],
]) {
  test(`the form for ${count}`, () => {
    assert.equal(nt("{count} new message", "{count} new messages", count), words);
  });
}

test("a count is written as the reader writes numbers", () => {
  const words = nt("{count} new message", "{count} new messages", 1234);
  assert.equal(words, `${(1234).toLocaleString("ru")} новых (2)`);
});

test("a name that every object has is not taken for a translation", () => {
  assert.equal(t("constructor"), "constructor");
  assert.equal(nt("toString", "toStrings", 2), "toStrings");
});
