// Whom a name that is being typed may mean. No DOM.
import { t } from "projchat/i18n";

const MOST = 8;
// The server's own rule: in a larger room only those who manage it call everybody.
const SMALL_ROOM = 10;
const EVERYBODY = "all";

/** The members that a text may mean, those who are here first. */
export function membersFor({ people, viewer, manages }, text) {
  const wanted = plain(text);
  const others = people.members.filter(({ id }) => id !== viewer.id);
  const found = others.filter(({ name, username }) => begins([username, name], wanted));
  const matches = found
    .sort((one, other) => people.isPresent(other.id) - people.isPresent(one.id))
    .map(({ name, username }) => match(username, name));
  const mayCallAll = manages || people.members.length <= SMALL_ROOM;
  if (mayCallAll && others.length > 0 && EVERYBODY.startsWith(wanted)) {
    matches.splice(MOST - 1);
    matches.push(match(EVERYBODY, t("Everybody in the project")));
  }
  return matches.slice(0, MOST);
}

function match(username, words) {
  return { value: `@${username}`, picture: "@", words, detail: `@${username}` };
}

function begins(names, wanted) {
  return names.some((name) =>
    plain(name)
      .split(/\s+/)
      .some((word) => word.startsWith(wanted)),
  );
}

function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}
