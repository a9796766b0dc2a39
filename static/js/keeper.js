// Keeps what this project needs to open without a network: its page, the newest messages, and the
// files that the page is made of. The service worker reads it, and wipes it with the login.
const PAGES = "projchat-pages";
const FILES = "projchat-files";
const OWNER = "/owner";
const LAST = "/last";
const MOST_MESSAGES = 50;

export class Keeper {
  #chat;
  #path;

  constructor(chat) {
    this.#chat = chat;
    this.#path = `/projects/${chat.project.id}`;
  }

  /** Keeps what is there now; a browser without room for it goes without. */
  async keep() {
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

  async #isMine(pages) {
    const owner = await (await pages.match(OWNER))?.text();
    const me = String(this.#chat.viewer.id);
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
    if (page.ok && !page.redirected) await pages.put(this.#path, page);
  }
}

/** Forgets what belongs to the person who logs out. */
export async function forgetPages() {
  await globalThis.caches?.delete(PAGES).catch(() => {});
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
  return loaded.filter((name) =>
    /^\/(static|i18n)\/.*\?v=/.test(name.replace(location.origin, "")),
  );
}

/** Files of versions that no kept page names any more. */
async function forgetFiles(files, pages) {
  const kept = await Promise.all((await pages.matchAll()).map((page) => page.text()));
  const text = kept.join() + document.documentElement.outerHTML;
  for (const { url } of await files.keys()) {
    if (!text.includes(url.replace(location.origin, ""))) await files.delete(url);
  }
}
