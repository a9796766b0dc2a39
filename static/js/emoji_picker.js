// The table of emoji: opens beside what asked for it, and answers with the one that was chosen.
import { findEmoji, loadEmoji, recentEmoji, rememberEmoji } from "projchat/emoji";
import { t } from "projchat/i18n";

const MOST_FOUND = 80;
const GAP = 8;
const GROUPS = [
  [0, t("Smileys and feelings")],
  [1, t("People and gestures")],
  [3, t("Animals and nature")],
  [4, t("Food and drink")],
  [5, t("Travel and places")],
  [6, t("Activities")],
  [7, t("Objects")],
  [8, t("Symbols")],
  [9, t("Flags")],
];

let picker;

/** Resolves with the emoji that was chosen beside `anchor`, or null. */
export function pickEmoji(anchor) {
  picker ??= new Picker();
  return picker.open(anchor);
}

class Picker {
  #element;
  #field;
  #list;
  #empty;
  #emoji = [];
  #answer = () => {};

  constructor() {
    const { content } = document.getElementById("emoji-template");
    this.#element = content.firstElementChild.cloneNode(true);
    this.#field = this.#element.querySelector(".picker__field");
    this.#list = this.#element.querySelector(".picker__list");
    this.#empty = this.#element.querySelector(".picker__empty");
    this.#field.addEventListener("input", () => this.#search());
    this.#element.addEventListener("keydown", (event) => this.#press(event));
    this.#element.addEventListener("toggle", (event) => this.#toggled(event));
    this.#list.addEventListener("click", ({ target }) => this.#choose(target.closest("button")));
    document.body.append(this.#element);
  }

  async open(anchor) {
    this.#answer(null);
    this.#field.value = "";
    this.#element.showPopover();
    this.#place(anchor);
    this.#field.focus();
    const chosen = new Promise((resolve) => {
      this.#answer = resolve;
    });
    await this.#load();
    return chosen;
  }

  async #load() {
    try {
      this.#emoji = await loadEmoji();
      this.#search();
    } catch {
      this.#list.replaceChildren();
      this.#say(t("The emoji could not be loaded. Close this and try again."));
    }
  }

  /** Over its anchor if there is room, and never beyond the window. */
  #place(anchor) {
    const { top, bottom, right } = anchor.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height, style } = this.#element;
    const above = top - height - GAP;
    const y = above >= GAP ? above : Math.min(bottom + GAP, innerHeight - height - GAP);
    style.insetBlockStart = `${Math.max(GAP, y)}px`;
    style.insetInlineStart = `${Math.max(GAP, Math.min(right - width, innerWidth - width - GAP))}px`;
  }

  #search() {
    const query = this.#field.value.trim();
    const found = query ? findEmoji(this.#emoji, query, MOST_FOUND) : null;
    if (found) this.#list.replaceChildren(...group(t("Found"), found));
    else this.#list.replaceChildren(...this.#everything());
    this.#say(found?.length === 0 ? t("No emoji is called that.") : "");
    this.#list.scrollTop = 0;
  }

  #everything() {
    const byEmoji = new Map(this.#emoji.map((each) => [each.emoji, each]));
    const recent = recentEmoji().flatMap((emoji) => byEmoji.get(emoji) ?? []);
    const groups = GROUPS.map(([key, title]) => [
      title,
      this.#emoji.filter((each) => each.group === key),
    ]);
    return [[t("Often used"), recent], ...groups].flatMap(([title, list]) => group(title, list));
  }

  #say(words) {
    this.#empty.textContent = words;
    this.#empty.hidden = !words;
  }

  #press(event) {
    const current = event.target.closest(".picker__emoji");
    if (event.key === "Enter" && event.target === this.#field) {
      event.preventDefault();
      return this.#choose(this.#list.querySelector(".picker__emoji"));
    }
    const next = current ? neighbour(current, event.key) : this.#entry(event.key);
    if (next === undefined) return;
    event.preventDefault();
    (next ?? this.#field).focus();
  }

  #entry(key) {
    return key === "ArrowDown" ? this.#list.querySelector(".picker__emoji") : undefined;
  }

  #choose(button) {
    if (!button) return;
    const emoji = button.textContent;
    rememberEmoji(emoji);
    this.#settle(emoji);
    this.#element.hidePopover();
  }

  #toggled({ newState }) {
    if (newState === "closed") this.#settle(null);
  }

  #settle(emoji) {
    this.#answer(emoji);
    this.#answer = () => {};
  }
}

/** A heading and its emoji; nothing for none. */
function group(title, list) {
  if (list.length === 0) return [];
  const heading = document.createElement("h2");
  heading.className = "picker__heading";
  heading.textContent = title;
  const row = document.createElement("div");
  row.className = "picker__group";
  row.append(...list.map(button));
  return [heading, row];
}

function button({ emoji, name }) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "picker__emoji";
  element.tabIndex = -1;
  element.textContent = emoji;
  element.title = name;
  element.ariaLabel = name;
  return element;
}

/** Where an arrow key leads from an emoji; null back to the field, undefined nowhere. */
function neighbour(current, key) {
  const all = [...current.closest(".picker__list").querySelectorAll(".picker__emoji")];
  const index = all.indexOf(current);
  if (key === "ArrowRight") return all[index + 1];
  if (key === "ArrowLeft") return all[index - 1] ?? null;
  if (key === "ArrowDown") return nearest(current, all.slice(index + 1), 1);
  if (key === "ArrowUp") return nearest(current, all.slice(0, index).reverse(), -1) ?? null;
  return undefined;
}

/** The one in the next line that stands closest; the lines come in their order. */
function nearest(current, others, direction) {
  const { offsetTop: top, offsetLeft: left } = current;
  const line = others.find(({ offsetTop }) => (offsetTop - top) * direction > 0)?.offsetTop;
  return others
    .filter(({ offsetTop }) => offsetTop === line)
    .sort((one, other) => Math.abs(one.offsetLeft - left) - Math.abs(other.offsetLeft - left))[0];
}
