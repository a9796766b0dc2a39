import { Controller } from "@hotwired/stimulus";
import { api } from "projchat/api";
import { dayOf, timeOf } from "projchat/helpers/dates";
import { markedNodes } from "projchat/helpers/marked";
import { goTo } from "projchat/helpers/navigate";
import { nt, t } from "projchat/i18n";
import { openChat } from "projchat/open_chat";

const PAUSE = 150;
const PAGE_SIZE = 20;
// An answer that is incomplete is asked on, this many times in a row.
const MOST_PARTS = 10;
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

// What was looked for last is there again when the panel comes back.
const last = { query: "", isEverywhere: false };

// Search as you type, in the panel. The words stay in the input while the arrows choose a result.
export default class extends Controller {
  static targets = ["input", "everywhere", "status", "body", "results", "more", "help", "template"];

  #chat = openChat();
  #timer = null;
  #request = null;
  #found = [];
  #next = null;

  // Lifecycle

  connect() {
    this.everywhereTarget.checked = last.isEverywhere;
    // Somebody quick has typed already while this was loading.
    if (!this.inputTarget.value) {
      this.inputTarget.value = last.query;
      this.inputTarget.select();
    }
    this.again();
  }

  disconnect() {
    this.#forget();
  }

  // Actions

  type() {
    this.#forget();
    this.#timer = setTimeout(() => this.again(), PAUSE);
  }

  again() {
    this.#forget();
    last.query = this.inputTarget.value.trim();
    last.isEverywhere = this.everywhereTarget.checked;
    if (last.query) this.#ask();
    else this.#clear();
  }

  loadMore() {
    this.#forget();
    this.#ask(this.#next);
  }

  press(event) {
    if (event.isComposing) return;
    if (event.key === "Enter") this.#enter(event);
    else if (STEPS[event.key]) this.#step(event);
    else if (event.key === "Escape" && this.inputTarget.value) this.#empty(event);
  }

  choose({ currentTarget }) {
    this.#select(currentTarget);
    this.#go(currentTarget);
  }

  // Asking

  /** An answer to what was typed before must not come after the one to what is typed now. */
  #forget() {
    clearTimeout(this.#timer);
    this.#request?.abort();
  }

  async #ask(before) {
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const answer = await this.#gather(before, signal);
      if (!signal.aborted) this.#show(answer, before);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** A page of results: where much must be looked through, the server gives it in parts. */
  async #gather(before, signal) {
    const results = [];
    let answer = { next: before, incomplete: true };
    for (let part = 0; part < MOST_PARTS && answer.incomplete; part++) {
      answer = await api("GET", this.#address(answer.next), undefined, { signal });
      results.push(...answer.results);
      if (results.length >= PAGE_SIZE) break;
    }
    return { ...answer, results };
  }

  #address(before) {
    const where = last.isEverywhere ? "/api" : `/api/projects/${this.#chat.project.id}`;
    const query = new URLSearchParams({ q: last.query, limit: PAGE_SIZE, zone: zone() });
    if (before) query.set("before", before);
    return `${where}/search?${query}`;
  }

  // Showing

  #show({ results, hasMore, incomplete, next }, older) {
    const rows = results.map((result) => this.#row(result));
    this.#found = older ? [...this.#found, ...results] : results;
    if (older) this.resultsTarget.append(...rows);
    else this.resultsTarget.replaceChildren(...rows);
    if (!older) this.bodyTarget.scrollTop = 0;
    this.#next = next;
    this.#arrange(hasMore);
    this.#select(older ? (rows[0] ?? this.#selected) : rows[0]);
    this.statusTarget.textContent = words(this.#found.length, hasMore, incomplete);
  }

  #clear() {
    this.#show({ results: [], hasMore: false, incomplete: false, next: null });
    this.statusTarget.textContent = "";
  }

  #fail(error) {
    this.#clear();
    this.statusTarget.textContent = error.message;
  }

  #arrange(hasMore) {
    const isEmpty = this.#found.length === 0;
    this.resultsTarget.hidden = isEmpty;
    this.helpTarget.hidden = !isEmpty;
    this.moreTarget.hidden = !hasMore;
    this.inputTarget.setAttribute("aria-expanded", !isEmpty);
  }

  #row(result) {
    const row = this.templateTarget.content.firstElementChild.cloneNode(true);
    const at = new Date(result.createdAt);
    const time = row.querySelector("time");
    row.id = `search-result-${result.id}`;
    row.dataset.projectId = result.projectId;
    row.dataset.number = result.number;
    row.querySelector(".search__author").textContent = result.author.name;
    time.dateTime = result.createdAt;
    time.textContent = `${dayOf(at)}, ${timeOf(at)}`;
    row.querySelector(".search__project").textContent = result.projectName;
    row.querySelector(".search__project").hidden = !last.isEverywhere;
    row.querySelector(".search__excerpt").append(...markedNodes(result.excerpt, result.marks));
    return row;
  }

  // Choosing

  #enter(event) {
    event.preventDefault();
    if (this.#selected) this.#go(this.#selected);
  }

  #step(event) {
    event.preventDefault();
    const rows = [...this.resultsTarget.children];
    const next = rows[rows.indexOf(this.#selected) + STEPS[event.key]];
    if (next) this.#select(next);
    else if (event.key === "ArrowDown" && !this.moreTarget.hidden) this.loadMore();
  }

  /** The first Escape empties the field, the second closes the panel. */
  #empty(event) {
    event.preventDefault();
    this.inputTarget.value = "";
    this.again();
  }

  #select(chosen) {
    for (const row of this.resultsTarget.children) {
      row.setAttribute("aria-selected", row === chosen);
    }
    if (chosen) this.inputTarget.setAttribute("aria-activedescendant", chosen.id);
    else this.inputTarget.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  #go({ dataset: { projectId, number } }) {
    if (Number(projectId) === this.#chat.project.id) this.#chat.goTo(Number(number));
    else goTo(`/projects/${projectId}/messages/${number}`);
  }

  get #selected() {
    return this.resultsTarget.querySelector('[aria-selected="true"]');
  }
}

/** How many minutes the reader's clock is ahead of UTC: days are the reader's own. */
function zone() {
  return -new Date().getTimezoneOffset();
}

function words(count, hasMore, incomplete) {
  if (count === 0 && incomplete) return t("Nothing found yet. Older messages are left to search.");
  if (count === 0) return t("Nothing found.");
  if (hasMore) return nt("The newest {count} message", "The newest {count} messages", count);
  return nt("{count} message found", "{count} messages found", count);
}
