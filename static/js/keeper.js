// Keeps what this project needs to open without a network: its page, the newest messages, and the
// files that the page is made of. The service worker reads it. It goes with the login and with the
// membership: as soon as the page learns of it, or else the service worker.
const PAGES = "projchat-pages";
const FILES = "projchat-files";
const OWNER = "/owner";
const LAST = "/last";
// The page of a project, and what is kept beside it.
const PROJECT = /\/projects\/\d+$/;
const HISTORY = '<meta name="history" content="';
const MOST_MESSAGES = 50;

export class Keeper {
  #chat;
  #path;
  #work = Promise.resolve();

  constructor(chat) {
    this.#chat = chat;
    this.#path = `/projects/${chat.project.id}`;
  }

  /** Keeps what is there now; a browser without room for it goes without. */
  keep() {
    this.#work = this.#work.then(() => this.#keep());
    return this.#work;
  }

  /** Forgets this project, also what is just being kept of it. */
  forget() {
    this.#work = this.#work.then(() => forgetProjects((path) => path === this.#path));
    return this.#work;
  }

  async #keep() {
    try {
      const pages = await caches.open(PAGES);
      if (!(await this.#isMine(pages))) return;
      await this.#keepMessages(pages);
      await this.#keepPage(pages);
      await keepFiles(pages);
    } catch {
      // The page works all the same.
    }
  }

  /** What is kept is of one person, and of one history of the database. */
  async #isMine(pages) {
    const owner = await (await pages.match(OWNER))?.text();
    const { userId, history } = this.#chat.origin;
    const me = `${userId} ${history}`;
    if (owner === undefined) await pages.put(OWNER, new Response(me));
    return owner === undefined || owner === me;
  }

  async #keepMessages(pages) {
    const { timeline, viewer, project, people, pushKey } = this.#chat;
    if (timeline.hasNewer) return;
    const messages = timeline.messages.slice(-MOST_MESSAGES);
    const page = { messages, version: timeline.cursor, hasMore: messages[0]?.number > 1 };
    const messageCount = Math.max(timeline.count, project.messageCount);
    const known = { ...project, members: people.members, messageCount };
    const told = { pushKey, focusNumber: null, keptAt: Date.now() };
    const data = { viewer, project: known, page, ...told };
    await pages.put(`/kept${this.#path}`, new Response(JSON.stringify(data)));
  }

  /** The service worker keeps each page that passes through it; the very first did not. */
  async #keepPage(pages) {
    await pages.put(LAST, new Response(this.#path));
    if (await pages.match(this.#path)) return;
    const page = await fetch(this.#path);
    if (!page.ok || page.redirected) return;
    const html = await page.clone().text();
    if (html.includes(HISTORY + this.#chat.origin.history)) await pages.put(this.#path, page);
  }
}

/** Forgets all pages: the person logs out. */
export async function forgetPages() {
  await globalThis.caches?.delete(PAGES).catch(() => {});
}

/** Forgets all pages if they are of this person in this history, whose login has ended. */
export async function forgetPagesOf({ userId, history }) {
  if ((await keptOwner()) === `${userId} ${history}`) await forgetPages();
}

/**
 * Forgets all pages unless they are of the viewer of this page, or of nobody yet. The service worker
 * does so with each page that passes through it; a reload with Shift goes past it.
 */
export async function forgetPagesOfOthers() {
  const [viewer, history] = ["viewer", "history"].map(contentOf);
  if (!history || globalThis.navigator?.serviceWorker?.controller) return;
  const owner = await keptOwner();
  if (owner && owner !== `${viewer} ${history}`) await forgetPages();
}

/** Forgets the projects that are not among these: the person does not belong to them any more. */
export async function forgetProjectsBut(ids) {
  const mine = new Set(ids.map((id) => `/projects/${id}`));
  await forgetProjects((path) => !mine.has(path));
}

/** Forgets each project whose path `isGone`, its messages, and that it was the last one open. */
async function forgetProjects(isGone) {
  try {
    if (!(await caches.has(PAGES))) return;
    const pages = await caches.open(PAGES);
    for (const { url } of await pages.keys()) {
      const path = new URL(url).pathname;
      const [project] = path.match(PROJECT) ?? [];
      if (project && isGone(project)) await pages.delete(path);
    }
    const last = await (await pages.match(LAST))?.text();
    if (last && isGone(last)) await pages.delete(LAST);
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}

/** Whose the pages are; undefined if there are none, or none can be kept. */
async function keptOwner() {
  try {
    if (!(await caches.has(PAGES))) return undefined;
    return await (await (await caches.open(PAGES)).match(OWNER))?.text();
  } catch {
    return undefined;
  }
}

function contentOf(name) {
  return document.querySelector(`meta[name=${name}]`)?.content;
}

async function keepFiles(pages) {
  const files = await caches.open(FILES);
  const known = new Set((await files.keys()).map(({ url }) => url));
  const missing = filesOfThisPage().filter((url) => !known.has(url));
  if (missing.length === 0) return;
  await Promise.all(missing.map((url) => files.add(url)));
  await forgetFiles(files, pages);
}

function filesOfThisPage() {
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  return loaded.filter((name) => name.startsWith(`${location.origin}/static/h/`));
}

/** Files of versions that no kept page names any more. */
async function forgetFiles(files, pages) {
  const kept = await Promise.all((await pages.matchAll()).map((page) => page.text()));
  const text = kept.join() + document.documentElement.outerHTML;
  for (const { url } of await files.keys()) {
    if (!text.includes(url.replace(location.origin, ""))) await files.delete(url);
  }
}
