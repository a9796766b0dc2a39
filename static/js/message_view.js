// One row of the timeline as an element. A row that stays keeps its element.
import { showAttachments } from "projchat/attachments_view";
import { colour, initials } from "projchat/helpers/avatar";
import { dayOf, fieldDate, momentOf, narrowTimeOf, timeOf } from "projchat/helpers/dates";
import { readBy, sentenceOf } from "projchat/helpers/sentences";
import { nt, t } from "projchat/i18n";
import { showReactions } from "projchat/reactions";

const ICONS = { sending: "clock", sent: "check", read: "double-check" };
const EXCERPT = 140;

/** A new element for a row. */
export function createRow(row) {
  if (row.kind === "day") return daySeparator();
  if (row.kind === "new") return separator("new-divider");
  return document.getElementById("message-template").content.firstElementChild.cloneNode(true);
}

/** What an element shows, in brief: it is touched only when this is new. */
export function signatureOf(row) {
  if (row.kind === "day") return dayOf(row.date);
  if (row.kind === "new") return "";
  const { message, progress, quoted } = row;
  return [
    message.version,
    row.isGrouped,
    row.isPresent,
    row.username,
    row.tag,
    row.aboutName,
    row.isLastOfMine,
    row.replies,
    row.reactions.map(({ names }) => names).join(),
    progress?.state,
    progress?.words,
    progress?.names,
    quoted && `${quoted.number}.${quoted.version}.${row.quotedName}`,
  ].join();
}

/** Makes an element show its row. */
export function updateRow(element, row) {
  if (row.kind === "day") showDay(element.firstElementChild, row);
  else if (row.kind === "new") element.firstElementChild.textContent = t("New");
  else if (row.message.kind === "system") showEvent(element, row);
  else showMessage(element, row);
}

/** The words of a message on one line. */
export function excerptOf(message) {
  if (message.deletedAt) return t("Message deleted");
  if (message.kind === "system") return sentenceOf(message);
  const line = textOf(message).replace(/\s+/g, " ").trim() || fileNames(message);
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line;
}

/** a.png, b.txt */
export function fileNames({ attachments }) {
  return (attachments ?? []).map(({ name }) => name).join(", ");
}

/** The text without the marks of its markup. */
function textOf({ html, content }) {
  if (!html) return content;
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.textContent;
}

function separator(name) {
  const element = document.createElement("div");
  element.className = name;
  element.append(document.createElement("span"));
  return element;
}

/** The day leads to any other day. */
function daySeparator() {
  const element = separator("day");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "day__button";
  button.title = t("Go to a date");
  button.setAttribute("popovertarget", "jump");
  element.replaceChildren(button);
  return element;
}

function showDay(button, { date }) {
  button.textContent = dayOf(date);
  button.dataset.day = fieldDate(date);
}

function showEvent(element, row) {
  const { message } = row;
  element.classList.add("message--event");
  element.dataset.number = message.number;
  showTime(element, message);
  showSentence(part(element, "body"), withTags(row));
  remove(
    element,
    "author",
    "tag",
    "quote",
    "files",
    "reactions",
    "replies",
    "failure",
    "progress",
    "meta",
    "avatar",
  );
}

/** The message with names that cannot be taken for others. */
function withTags({ message, tag, aboutName }) {
  const { author, event } = message;
  const name = tag ? `${author.name} (${tag})` : author.name;
  return { ...message, author: { ...author, name }, event: { ...event, userName: aboutName } };
}

/** What it tells of a message leads there. */
function showSentence(body, message) {
  const place = message.event?.number;
  const words = place ? document.createElement("button") : body;
  words.textContent = sentenceOf(message);
  if (!place) return;
  Object.assign(words, { type: "button", className: "message__place" });
  Object.assign(words.dataset, { act: "place", place });
  body.replaceChildren(words);
}

function showMessage(element, row) {
  const { message, isMine, isGrouped } = row;
  const { classList, dataset } = element;
  if (message.number) dataset.number = message.number;
  dataset.clientId = message.clientId;
  classList.toggle("message--mine", isMine);
  classList.toggle("message--grouped", isGrouped);
  classList.toggle("message--deleted", Boolean(message.deletedAt));
  classList.toggle("message--unsent", !message.number);
  showAuthor(element, row);
  showTime(element, message);
  showQuote(element, row);
  showBody(part(element, "body"), message);
  showMentions(element, row);
  showAttachments(part(element, "files"), message.attachments ?? []);
  part(element, "edited").hidden = !message.editedAt || Boolean(message.deletedAt);
  if (message.editedAt) part(element, "edited").title = momentOf(new Date(message.editedAt));
  showPin(element, row);
  showReplies(element, row);
  showReactions(part(element, "reactions"), row.reactions);
  showProgress(element, row);
}

function showPin(element, { message, pinnedBy }) {
  part(element, "pinned").hidden = !message.pinnedAt;
  part(element, "pinned").title = pinnedBy ? t("Pinned by {name}", { name: pinnedBy }) : "";
}

function showAuthor(element, { message, isPresent, username, tag }) {
  const { author } = message;
  const avatar = part(element, "avatar");
  part(element, "author").textContent = author.name;
  part(element, "author").title = username ? `@${username}` : "";
  part(element, "tag").hidden = !tag;
  setText(element, "tag", tag);
  avatar.textContent = initials(author.name);
  avatar.dataset.colour = colour(author.id);
  avatar.classList.toggle("avatar--present", isPresent);
}

function showTime(element, { createdAt }) {
  const date = new Date(createdAt);
  const time = part(element, "time");
  time.dateTime = createdAt;
  time.title = momentOf(date);
  time.textContent = timeOf(date);
  setText(element, "clock", narrowTimeOf(date));
}

function showReplies(element, { replies }) {
  part(element, "replies").hidden = replies === 0;
  setText(element, "replies", nt("{count} reply", "{count} replies", replies));
}

function showQuote(element, { message, repliesTo, quoted, quotedName }) {
  const quote = part(element, "quote");
  quote.hidden = !repliesTo || Boolean(message.deletedAt);
  if (quote.hidden) return;
  quote.dataset.number = message.replyTo;
  part(quote, "quoted-author").textContent = quotedName;
  part(quote, "quoted-text").textContent = quoted ? excerptOf(quoted) : "…";
}

function showBody(body, message) {
  body.classList.toggle("message__body--plain", !message.number);
  if (message.deletedAt) body.textContent = t("Message deleted");
  else if (!message.number) body.textContent = message.content;
  else showHtml(body, message.html);
}

/** Shows what the server has sanitised; nothing else in the page is ever set as HTML. */
export function showHtml(element, html) {
  element.innerHTML = html;
  // Whoever has no pointer scrolls them sideways by the arrow keys.
  for (const wide of element.querySelectorAll("pre, table")) wide.tabIndex = 0;
}

/** What calls the viewer stands out; the message itself is the same for everybody. */
function showMentions(element, { message, viewerId }) {
  const isCalled = message.mentions?.includes(viewerId) ?? false;
  element.classList.toggle("message--for-me", isCalled);
  if (!isCalled) return;
  for (const mark of element.querySelectorAll(".mention")) {
    const { user } = mark.dataset;
    mark.classList.toggle("mention--mine", user === "all" || user === String(viewerId));
  }
}

function showProgress(element, { progress, isLastOfMine }) {
  const failed = progress?.state === "failed";
  const state = part(element, "state");
  state.hidden = !progress || failed;
  part(element, "failure").hidden = !failed;
  part(element, "progress").hidden = !progress || failed || !isLastOfMine;
  if (!progress) return;
  if (failed) return setText(element, "reason", progress.words);
  state.dataset.state = progress.state;
  state.title = readBy(progress);
  part(element, "progress").title = state.title;
  state.querySelector("use").setAttribute("href", `#icon-${ICONS[progress.state]}`);
  setText(element, "progress", progress.words);
}

function setText(element, name, text) {
  part(element, name).textContent = text;
}

function part(element, name) {
  return element.querySelector(`.message__${name}`);
}

function remove(element, ...names) {
  for (const name of names) part(element, name)?.remove();
}
