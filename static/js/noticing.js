// Turns news into notices of the desktop: those that are wanted, of what nobody looks at, and once
// for all tabs of this browser.
import { exclusively } from "projchat/helpers/locks";
import { maySeeNotices, noticeSettings } from "projchat/helpers/notice_settings";
import { worker } from "projchat/helpers/worker";
import { pageHistory } from "projchat/history";
import { t } from "projchat/i18n";

const ICON = "/static/img/icon-192.png";

export class Noticing {
  #viewer;
  #projectId;
  #letGo = null;

  constructor(viewer, projectId) {
    this.#viewer = viewer;
    this.#projectId = projectId;
  }

  /** While this tab is in sight its project is being looked at, which all tabs see by a lock. */
  look(isLooking) {
    this.#letGo?.();
    this.#letGo = null;
    if (!isLooking) return;
    const away = new Promise((resolve) => {
      this.#letGo = resolve;
    });
    navigator.locks?.request(this.#lockOf(this.#projectId), { mode: "shared" }, () => away);
    putAway(this.#projectId);
  }

  /** Shows a piece of news: `{projectId, projectName, number, author, content, mentioned}`. */
  async tell(news) {
    if (!maySeeNotices(this.#viewer.id) || (await this.#isLookedAt(news.projectId))) return;
    await exclusively(`projchat.notice.${this.#viewer.id}`, async () => {
      if (!this.#isFirst(news)) return;
      await this.#show(news);
      // They may have begun to look while it was being shown.
      if (await this.#isLookedAt(news.projectId)) await putAway(news.projectId);
    });
  }

  async #isLookedAt(projectId) {
    const { held } = (await navigator.locks?.query()) ?? { held: [] };
    return held.some(({ name }) => name === this.#lockOf(projectId));
  }

  /** Whether no other tab has shown it. Numbers of another history say nothing of this one. */
  #isFirst({ projectId, number }) {
    const key = `projchat.noticed.${this.#viewer.id}.${projectId}`;
    const [history, shown] = (localStorage.getItem(key) ?? "").split(" ");
    if (history === String(pageHistory()) && Number(shown) >= number) return false;
    localStorage.setItem(key, `${pageHistory()} ${number}`);
    return true;
  }

  async #show({ projectId, projectName, number, author, content, mentioned }) {
    const brief = mentioned ? t("Mentions you") : t("New message");
    const title = t("{name} in {project}", { name: author.name, project: projectName });
    await (await worker())?.showNotification(title, {
      body: noticeSettings(this.#viewer.id).text ? content : brief,
      icon: ICON,
      tag: tagOf(projectId),
      renotify: true,
      data: { projectId, number, history: pageHistory() },
    });
  }

  #lockOf(projectId) {
    return `projchat.looking.${this.#viewer.id}.${projectId}`;
  }
}

/** What was told of a project has been seen now. */
async function putAway(projectId) {
  const shown = await (await worker())?.getNotifications({ tag: tagOf(projectId) });
  for (const notice of shown ?? []) notice.close();
}

function tagOf(projectId) {
  return `project-${projectId}`;
}
