// The words of the interface in the reader's language, and the plural forms CLDR asks for.
import catalogue from "projchat/catalogue";

export const locale = catalogue.locale;

const PLURAL_ORDER = ["zero", "one", "two", "few", "many", "other"];
const rules = new Intl.PluralRules(locale);
// A catalogue lists its forms in CLDR order, naming only the categories the language has.
const categories = PLURAL_ORDER.filter((category) =>
  rules.resolvedOptions().pluralCategories.includes(category),
);

/** The translation of one text; `{name}` is replaced by `params.name`. */
export function t(msgid, params = {}) {
  const text = catalogue.messages[msgid];
  return fill(typeof text === "string" ? text : msgid, params);
}

/** The translation for a count; `{count}` is there in the reader's digits. */
export function nt(one, many, count, params = {}) {
  const forms = catalogue.messages[one];
  const text = Array.isArray(forms) ? formFor(forms, count) : englishForm(one, many, count);
  return fill(text, { count: count.toLocaleString(locale), ...params });
}

function formFor(forms, count) {
  const index = categories.indexOf(rules.select(count));
  return forms[Math.min(index, forms.length - 1)];
}

function englishForm(one, many, count) {
  return count === 1 ? one : many;
}

function fill(text, params) {
  return text.replace(/\{(\w+)\}/g, (placeholder, name) =>
    name in params ? String(params[name]) : placeholder,
  );
}
