import { Controller } from "@hotwired/stimulus";
import { dayOf, isSameDay, timeOf } from "projchat/helpers/dates";
import { missed } from "projchat/helpers/sentences";
import { toast } from "projchat/helpers/toast";
import { t } from "projchat/i18n";
import { excerptOf, fileNames } from "projchat/message_view";
import { openChat } from "projchat/open_chat";

// What the server lists and its titles, those that concern me first.
const SECTIONS = [
  ["mentions", t("Mentions of you")],
  ["replies", t("Replies to you")],
  ["questions", t("Questions without a reply")],
  ["files", t("Files")],
  ["pinned", t("Pinned meanwhile")],
  ["changed", t("Changed meanwhile")],
];

// In a narrow window the panel closes with each step and opens with the next.
let lastChosen = null;

// What happened since I was last here, in the panel; a key steps through it.
export default class extends Controller {
  static targets = ["summary", "hint", "sections", "template"];
  static values = { detail: Object };

  #chat = openChat();

  // Lifecycle

  async connect() {
    try {
      this.#show(await this.#chat.catchUp());
    } catch (error) {
      this.summaryTarget.textContent = error.message;
    }
  }

  // Actions

  go({ currentTarget }) {
    this.#goTo(currentTarget);
  }

  /** To the entry after the present one, or before it. */
  step({ detail: { by } }) {
    const entries = [...this.element.querySelectorAll(".catch-up__entry")];
    if (entries.length === 0) return;
    const present = entries.findIndex((entry) => entry.ariaCurrent === "true");
    const next = present < 0 && by < 0 ? entries.length - 1 : present + by;
    this.#goTo(entries[(next + entries.length) % entries.length]);
  }

  // Internal

  #show(news) {
    this.summaryTarget.textContent = missed(news);
    const sections = sectionsOf(news);
    this.hintTarget.hidden = sections.length === 0;
    this.sectionsTarget.replaceChildren(
      ...sections.flatMap((section) => this.#section(section, news)),
    );
    const { step } = this.detailValue;
    if (step && this.element.isConnected) this.step({ detail: { by: step } });
  }

  #section({ title, messages }, news) {
    const heading = document.createElement("h3");
    heading.className = "panel__heading";
    heading.textContent = title;
    const list = document.createElement("ul");
    list.role = "list";
    list.append(...messages.map((message) => this.#entry(message, news)));
    return [heading, list];
  }

  #entry(message, news) {
    const row = this.templateTarget.content.firstElementChild.cloneNode(true);
    const date = new Date(message.createdAt);
    const button = row.querySelector("button");
    button.dataset.number = message.number;
    if (message.number === lastChosen) button.ariaCurrent = "true";
    row.querySelector(".catch-up__author").textContent = this.#chat.people.nameOf(message.author);
    row.querySelector("time").dateTime = message.createdAt;
    row.querySelector("time").textContent = isSameDay(date, new Date())
      ? timeOf(date)
      : dayOf(date);
    row.querySelector(".catch-up__text").textContent = excerptOf(message);
    const note = row.querySelector(".catch-up__note");
    note.textContent = this.#noteOn(message, news);
    note.hidden = note.textContent === "";
    return row;
  }

  /** What the words do not say, in whatever section they stand: their files, and who pinned them. */
  #noteOn(message, { pinned }) {
    const files = message.content ? fileNames(message) : "";
    const isNewPin = pinned.some(({ number }) => number === message.number);
    const name = isNewPin && this.#chat.people.find(message.pinnedBy)?.name;
    return [files, name && t("Pinned by {name}", { name })].filter(Boolean).join(" · ");
  }

  async #goTo(entry) {
    this.#choose(entry);
    try {
      await this.#chat.goTo(Number(entry.dataset.number));
    } catch (error) {
      toast(error.message);
    }
  }

  #choose(chosen) {
    lastChosen = Number(chosen.dataset.number);
    for (const entry of this.element.querySelectorAll(".catch-up__entry")) {
      entry.ariaCurrent = entry === chosen ? "true" : null;
    }
    chosen.scrollIntoView({ block: "nearest" });
  }
}

/** The sections that have something; each message stands once, where it concerns me most. */
function sectionsOf(news) {
  const listed = new Set();
  const sections = SECTIONS.map(([name, title]) => {
    const messages = (news[name] ?? []).filter(({ number }) => !listed.has(number));
    for (const { number } of messages) listed.add(number);
    return { title, messages };
  });
  return sections.filter(({ messages }) => messages.length > 0);
}
