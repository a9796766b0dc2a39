import { Controller } from "@hotwired/stimulus";
import { api } from "projchat/api";
import { showInTab } from "projchat/helpers/tab";
import { nt } from "projchat/i18n";

const MOST = 99;
const REFRESH_EVERY = 60_000;
// News of another project comes to all its members at once; they do not ask all at once.
const STALE_WITHIN = 1000;

// The counts beside my projects and on the tab. An open project tells its own by "unread:changed",
// and my other tabs hear of it. All of them are asked for again when the tab comes back into view,
// when something of mine happens elsewhere, and every minute.
export default class extends Controller {
  static targets = ["project"];

  #tabs = new BroadcastChannel("projchat.unread");
  #timer;
  #stale = null;

  // Lifecycle

  connect() {
    this.#tabs.onmessage = ({ data }) => this.#show(data);
    this.#timer = setInterval(() => this.#refreshIfSeen(), REFRESH_EVERY);
    this.#showInTab();
  }

  disconnect() {
    this.#tabs.close();
    clearInterval(this.#timer);
    clearTimeout(this.#stale);
  }

  // Actions

  change({ detail }) {
    this.#show(detail);
    this.#tabs.postMessage(detail);
  }

  refresh(event) {
    const cameBack = event.type === "pageshow" ? event.persisted : !document.hidden;
    if (cameBack) this.#refresh();
  }

  /** Something of mine happened in a project that is not open here. */
  stale() {
    this.#stale ??= setTimeout(() => this.#refresh(), Math.random() * STALE_WITHIN);
  }

  /** I have chosen of what I want to be told in a project. */
  choose({ detail: { answer } }) {
    if (answer?.notify) this.#show({ ...answer, projectId: answer.id });
  }

  // Internal

  #refreshIfSeen() {
    if (!document.hidden) this.#refresh();
  }

  async #refresh() {
    this.#stale = null;
    try {
      const { projects } = await api("GET", "/api/projects");
      for (const project of projects) this.#show({ ...project, projectId: project.id });
    } catch {
      // The old counts stay; the light of the chat is what speaks of the connection.
    }
  }

  #show({ projectId, unread, mentions = 0, notify }) {
    const link = this.projectTargets.find(({ dataset }) => Number(dataset.projectId) === projectId);
    if (!link) return;
    if (notify) link.dataset.notify = notify;
    show(link, unread, mentions);
    this.#showInTab();
  }

  #showInTab() {
    const counts = this.projectTargets.map(countsOf);
    const count = counts.reduce((sum, each) => sum + each.count, 0);
    const isCalled = counts.some(({ mentions }) => mentions > 0);
    showInTab({ count: count > MOST ? `${MOST}+` : count, isCalled });
  }
}

/** What of a project's counts I want to be told. */
function countsOf(link) {
  const count = (name) => Number(link.querySelector(`[data-unread=${name}]`).dataset.count);
  const mentions = link.dataset.notify === "none" ? 0 : count("mentions");
  return { mentions, count: link.dataset.notify === "all" ? count("messages") : mentions };
}

function show(link, unread, mentions) {
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
