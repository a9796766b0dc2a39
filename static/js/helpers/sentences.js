// What the page says in whole sentences: system messages, who is writing, the light, the states of
// a message.
import { recentTimeOf } from "projchat/helpers/dates";
import { locale, nt, t } from "projchat/i18n";

const conjunction = new Intl.ListFormat(locale, { type: "conjunction" });

/** Anna, Boris and you. */
export function listOf(names) {
  return conjunction.format(names);
}

const MOST_WRITERS = 5;

/** What happened, told from the `event` of a system message. */
export function sentenceOf({ event, author, content }) {
  const { type, userName: user, text } = event ?? {};
  const name = author.name;
  switch (type) {
    case "project-created":
      return t("{name} created the project", { name });
    case "project-renamed":
      return t("{name} renamed the project to “{text}”", { name, text });
    case "project-described":
      return t("{name} changed the description", { name });
    case "project-archived":
      return t("{name} archived the project", { name });
    case "project-unarchived":
      return t("{name} brought the project back from the archive", { name });
    case "message-pinned":
      return t("{name} pinned a message", { name });
    case "member-joined":
      return t("{user} joined", { user });
    case "member-left":
      return t("{user} left", { user });
    case "member-removed":
      return t("{name} removed {user}", { name, user });
    case "owner-changed":
      return t("{name} handed the project over to {user}", { name, user });
    case "role-changed":
      return text === "admin"
        ? t("{name} made {user} an administrator", { name, user })
        : t("{name} made {user} a member", { name, user });
    default:
      return content;
  }
}

/** Anna, Boris and 2 more are typing… */
export function typing(names) {
  const [first, second, ...others] = names;
  if (!first) return "";
  if (!second) return t("{name} is typing…", { name: first });
  if (others.length === 0) return t("{first} and {second} are typing…", { first, second });
  return nt(
    "{first}, {second} and {count} more is typing…",
    "{first}, {second} and {count} more are typing…",
    others.length,
    { first, second },
  );
}

const STATES = {
  connecting: () => t("connecting…"),
  live: () => t("connected"),
  delayed: () => t("delayed"),
  behind: () => t("catching up…"),
  closed: () => t("closed"),
};

/** What the light says: connected, or since when not, and what waits. */
export function connection(state, since, waiting) {
  const words = [
    STATES[state]?.() ?? t("offline since {time}", { time: recentTimeOf(new Date(since)) }),
  ];
  if (waiting > 0) words.push(nt("{count} waiting", "{count} waiting", waiting));
  return words.join(" · ");
}

/** What must be said besides, where the light does not say it all. */
export function connectionHint(state) {
  if (state !== "delayed") return "";
  return t(
    "Live connections are blocked here; messages may be a little late. Who is typing is not shown.",
  );
}

/** How far a message of mine has come. */
export function progress({ read, of }) {
  if (of === 0 || read === 0) return t("Sent");
  return t("Read by {read} of {of}", { read, of });
}

/** The same with names. */
export function readBy({ words, names = [] }) {
  return names.length > 0 ? t("{words}: {names}", { words, names: names.join(", ") }) : words;
}

/** What was written since I was last here: how much, and by whom. */
export function missed({ count, people, peopleCount = people.length }) {
  if (count === 0) return t("Nothing has been written since you were last here.");
  const shown = people.slice(0, MOST_WRITERS).map(({ name, count: many }) => `${name} ${many}`);
  const rest = peopleCount - shown.length;
  if (rest > 0) shown.push(nt("{count} more person", "{count} more people", rest));
  const words = nt(
    "{count} message since you were last here",
    "{count} messages since you were last here",
    count,
  );
  return `${words}: ${shown.join(", ")}`;
}

/** How many messages came below what is in sight. */
export function newMessages(count) {
  return nt("{count} new message", "{count} new messages", count);
}

const TEXT_KINDS = {
  unsent: () => t("Not sent"),
  draft: () => t("Draft"),
  sent: () => t("Lost in the restore"),
};

/** What a text of mine was before the server was restored. */
export function textKind(kind) {
  return TEXT_KINDS[kind]();
}

/** How many messages the restore of the server took away. */
export function lostMessages({ count, projectName: project }) {
  return nt(
    "{count} message you have seen in “{project}” is no longer here.",
    "{count} messages you have seen in “{project}” are no longer here.",
    count,
    { project },
  );
}
