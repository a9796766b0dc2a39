import { Controller } from "@hotwired/stimulus";
import { api } from "projchat/api";
import { nt } from "projchat/i18n";

const MOST = 99;

// The counts beside my projects. An open project tells its own by "unread:changed"; all of them
// are asked for again when the tab comes back into view.
export default class extends Controller {
  static targets = ["project"];

  change({ detail: { projectId, unread, mentions = 0 } }) {
    const link = this.projectTargets.find(({ dataset }) => Number(dataset.projectId) === projectId);
    if (link) show(link, unread, mentions);
  }

  async refresh(event) {
    const cameBack = event.type === "pageshow" ? event.persisted : !document.hidden;
    if (!cameBack) return;
    try {
      const { projects } = await api("GET", "/api/projects");
      for (const { id, unread, mentions } of projects) {
        this.change({ detail: { projectId: id, unread, mentions } });
      }
    } catch {
      // The old counts stay; the light of the chat is what speaks of the connection.
    }
  }
}

function show(link, unread, mentions) {
  const messages = link.querySelector("[data-unread=messages]");
  fill(messages, unread, nt("{count} unread message", "{count} unread messages", unread));
  const mentioned = link.querySelector("[data-unread=mentions]");
  fill(mentioned, mentions, nt("{count} mention", "{count} mentions", mentions));
}

function fill(badge, count, words) {
  badge.hidden = count === 0;
  badge.querySelector("[data-unread=number]").textContent = count > MOST ? `${MOST}+` : count;
  badge.querySelector("[data-unread=words]").textContent = words;
}
