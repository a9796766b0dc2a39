import { Controller } from "@hotwired/stimulus";
import { api } from "projchat/api";
import { Counts } from "projchat/counts";
import { renew } from "projchat/helpers/renew";
import { showInTab } from "projchat/helpers/tab";
import { pageHistory } from "projchat/history";
import { nt } from "projchat/i18n";
import { forgetProjectsBut } from "projchat/keeper";

const MOST = 99;
const REFRESH_EVERY = 60_000;
// News of another project comes to all its members at once, and a server that is back to all its
// people; they do not ask all at once.
const STALE_WITHIN = 1000;

// My projects, with the counts beside them and on the tab. An open project tells its own by
// "unread:changed", and my other tabs hear of it; of the others its live connection tells by
// "unread:elsewhere". All of them are asked for again when the tab comes back into view or may have
// missed something, and every minute where no connection tells. If I am in other projects by then,
// the list is renewed.
export default class extends Controller {
  static targets = ["project"];
  static values = { isTold: Boolean };

  #counts = new Counts();
  #tabs = new BroadcastChannel(`projchat.unread.${pageHistory()}`);
  #timer;
  #stale = null;

  // Lifecycle

  connect() {
    this.#takeListed();
    this.#tabs.onmessage = ({ data }) => this.#change(data);
    if (!this.isToldValue) this.#timer = setInterval(() => this.#refreshIfSeen(), REFRESH_EVERY);
    this.#showInTab();
  }

  disconnect() {
    this.#tabs.close();
    clearInterval(this.#timer);
    this.wait();
  }

  // Actions

  change({ detail }) {
    this.#change(detail);
    this.#tabs.postMessage(detail);
  }

  /** Something of mine happened in a project that is not open here. */
  hear({ detail: { event, ...news } }) {
    const isSure = this.#counts.hear(event, news);
    if (!isSure) this.stale();
    this.#show(news.projectId);
  }

  refresh(event) {
    const cameBack = event.type === "pageshow" ? event.persisted : !document.hidden;
    if (cameBack) this.#refresh();
  }

  /** What is shown may be out of date. */
  stale() {
    this.#stale ??= setTimeout(() => this.#refresh(), Math.random() * STALE_WITHIN);
  }

  /** The connection has gone, perhaps with the login; once it is back everything is asked for. */
  wait() {
    clearTimeout(this.#stale);
    this.#stale = null;
  }

  /** I have chosen of what I want to be told in a project. */
  choose({ detail: { answer } }) {
    if (answer?.notify) this.#take(answer);
  }

  // Internal

  #refreshIfSeen() {
    if (!document.hidden) this.#refresh();
  }

  async #refresh() {
    this.wait();
    const asked = this.#counts.moves;
    try {
      const { projects } = await api("GET", "/api/projects");
      forgetProjectsBut(projects.map(({ id }) => id));
      if (!this.#lists(projects)) await this.#renew(asked);
      for (const project of projects) this.#take(project, asked);
    } catch {
      // The old counts stay; the light of the chat is what speaks of the connection.
    }
  }

  /** Whether these, by name, are what the list shows. */
  #lists(projects) {
    const active = projects.filter(({ archivedAt }) => !archivedAt);
    const names = new Map(active.map(({ id, name }) => [String(id), name]));
    const shown = this.projectTargets;
    const isNamed = (link) => nameOf(link) === names.get(link.dataset.projectId);
    return shown.length === names.size && shown.every(isNamed);
  }

  async #renew(asked) {
    await renew("/projects", ["sidebar-list", "switcher-list"]);
    this.#takeListed(asked);
  }

  #takeListed(asked) {
    for (const link of this.projectTargets) this.#counts.take(toldBy(link), asked);
  }

  #take(project, asked) {
    this.#counts.take(project, asked);
    this.#show(project.id, project.notify);
  }

  #change(detail) {
    this.#counts.show(detail);
    this.#show(detail.id);
  }

  #show(id, notify) {
    const link = this.projectTargets.find(({ dataset }) => Number(dataset.projectId) === id);
    if (!link) return;
    if (notify) link.dataset.notify = notify;
    show(link, this.#counts.of(id));
    this.#showInTab();
  }

  #showInTab() {
    const counts = this.projectTargets.map(countsOf);
    const count = counts.reduce((sum, each) => sum + each.count, 0);
    const isCalled = counts.some(({ mentions }) => mentions > 0);
    showInTab({ count: count > MOST ? `${MOST}+` : count, isCalled });
  }
}

function nameOf(link) {
  return link.querySelector("[data-mirrors]").textContent;
}

/** A project as the server has put it beside its name. */
function toldBy(link) {
  const { projectId, messageCount, lastReadNumber } = link.dataset;
  const [id, count, read] = [projectId, messageCount, lastReadNumber].map(Number);
  const mentions = countIn(link, "mentions");
  return { id, messageCount: count, lastReadNumber: read, mentions };
}

/** What of a project's counts I want to be told. */
function countsOf(link) {
  const mentions = link.dataset.notify === "none" ? 0 : countIn(link, "mentions");
  return { mentions, count: link.dataset.notify === "all" ? countIn(link, "messages") : mentions };
}

function countIn(link, name) {
  return Number(link.querySelector(`[data-unread=${name}]`).dataset.count);
}

function show(link, { unread, mentions }) {
  const messages = link.querySelector("[data-unread=messages]");
  fill(messages, unread, nt("{count} unread message", "{count} unread messages", unread));
  const mentioned = link.querySelector("[data-unread=mentions]");
  fill(mentioned, mentions, nt("{count} mention", "{count} mentions", mentions));
}

function fill(badge, count, words) {
  badge.hidden = count === 0;
  badge.dataset.count = count;
  badge.querySelector("[data-unread=number]").textContent = count > MOST ? `${MOST}+` : count;
  badge.querySelector("[data-unread=words]").textContent = words;
}
