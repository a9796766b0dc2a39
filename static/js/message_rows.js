// What the timeline shows, row by row: days, the "new" divider, messages, and my own on their way.
// No DOM.
import { beginsDay, continues } from "projchat/helpers/grouping";
import { progress } from "projchat/helpers/sentences";
import { t } from "projchat/i18n";
import { reactionsOf } from "projchat/reactions";

/**
 * The rows of a chat. `divider` is the number of the first new message. Each row has a `key` that
 * stays its own, also when an unsent message becomes a message.
 */
export function rowsOf(chat, divider) {
  const messages = [...chat.timeline.messages];
  if (!chat.timeline.hasNewer)
    messages.push(...chat.pending.map((entry) => asMessage(entry, chat)));
  return rowsFrom(messages, chat, divider);
}

/** The rows of a thread, with my own on their way into it. */
export function rowsOfThread(chat, thread) {
  const { messages } = thread;
  const arrived = new Set(messages.map(({ clientId }) => clientId));
  const coming = chat.pending
    .filter((entry) => thread.holds(entry) && !arrived.has(entry.clientId))
    .map((entry) => asMessage(entry, chat));
  return rowsFrom([...messages, ...coming], chat, null).map((row) => ofThread(row, thread));
}

function rowsFrom(messages, chat, divider) {
  const lastOfMine = messages.findLast((message) => isSaid(message) && chat.isMine(message));
  const rows = [];
  let previous = null;
  for (const message of messages) {
    if (beginsDay(previous, message)) rows.push(dayRow(message));
    const isNew = message.number === divider;
    if (isNew) rows.push({ kind: "new", key: "new" });
    rows.push(messageRow(message, chat, isNew ? null : previous, message === lastOfMine));
    previous = message;
  }
  return rows;
}

function dayRow({ createdAt }) {
  const date = new Date(createdAt);
  return { kind: "day", key: `day ${date.toDateString()}`, date };
}

function messageRow(message, chat, previous, isLastOfMine) {
  const isMine = chat.isMine(message);
  return {
    kind: "message",
    key: `${message.author.id} ${message.clientId}`,
    message,
    isMine,
    isGrouped: continues(previous, message),
    isPresent: chat.people.isPresent(message.author.id),
    isLastOfMine,
    viewerId: chat.viewer.id,
    progress: isMine && isSaid(message) ? progressOf(message, chat) : null,
    username: chat.people.find(message.author.id)?.username,
    tag: chat.people.tagOf(message.author),
    aboutName: message.event ? chat.people.nameOf(aboutOf(message)) : null,
    pinnedBy: chat.people.find(message.pinnedBy)?.name,
    reactions: reactionsOf(message, chat),
    replies: message.replyCount ?? 0,
    repliesTo: message.replyTo,
    ...quoteOf(message, chat),
  };
}

/** Whom a system message tells of. */
function aboutOf({ event, author }) {
  return { id: event.userId ?? author.id, name: event.userName ?? author.name };
}

function quoteOf({ replyTo }, { quotes, people }) {
  const quoted = replyTo ? quotes.get(replyTo) : null;
  return { quoted, quotedName: quoted ? people.nameOf(quoted.author) : "" };
}

/** In the thread it goes without saying what it began with. */
function ofThread(row, { root }) {
  return { ...row, replies: 0, repliesTo: row.repliesTo === root ? null : row.repliesTo };
}

/** How far a message of mine has come: sending, failed, sent or read. */
function progressOf(message, chat) {
  if (message.error) return { state: "failed", words: t("Not sent: {reason}", reasonOf(message)) };
  if (!message.number) return { state: "sending", words: t("Sending…") };
  const readers = chat.people.readersOf(message.number);
  const names = chat.people.readingOf(message.number).read.map(({ name }) => name);
  return { state: readers.read > 0 ? "read" : "sent", words: progress(readers), names };
}

function reasonOf({ error }) {
  return { reason: error.message };
}

function isSaid(message) {
  return message.kind === "text" && !message.deletedAt;
}

/** An entry of the outbox in the shape of a message. */
function asMessage(entry, chat) {
  return { kind: "text", author: chat.viewer, editedAt: null, deletedAt: null, ...entry };
}
