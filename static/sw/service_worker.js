// The service worker, served as /sw.js. It shows what is pushed, and it opens a project without a
// network: with the page as it last came, the messages that the page last saw, and the outbox.
//
// While there is a network every page comes from it: what is kept is only for when it does not
// answer. What is kept of pages belongs to one person, and to one history of the database. It goes
// when the network brings a page that is not theirs: of somebody else who has logged in, of nobody
// after the login has ended, or of another history after the server was restored. A project goes when
// it is answered with 404, or a page does not list it any more.
const PAGES = "projchat-pages";
const FILES = "projchat-files";
const OWNER = "/owner";
const LAST = "/last";
const MOST_PROJECTS = 10;
const PROJECT = /^\/projects\/(\d+)(\/messages\/\d+)?$/;
const VIEWER = /<meta name="viewer" content="(\d*)">/;
const HISTORY = /<meta name="history" content="(\w*)">/;
const SWITCHER = 'id="switcher-list"';
const LISTED = /data-path="(\/projects\/\d+)"/g;
const DATA = /(<script type="application\/json" id="page-data">)(.*?)(<\/script>)/s;
// The browser lets a click open a window only for a moment.
const SESSION_TIMEOUT = 2000;
const ICON = "/static/img/icon-192.png";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(begin()));
self.addEventListener("fetch", answer);
self.addEventListener("push", (event) => event.waitUntil(show(event.data.json())));
self.addEventListener("notificationclick", (event) => event.waitUntil(open(event.notification)));
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

async function begin() {
  // The page is asked for while this worker still starts.
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

// Pages and files

function answer(event) {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event, url));
  else if (/^\/(static|i18n)\//.test(url.pathname)) event.respondWith(file(request));
}

async function page(event, url) {
  let response;
  try {
    response = (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return (await keptPage(url)) ?? Response.error();
  }
  event.waitUntil(keep(url, response.clone()));
  return response;
}

async function file(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(request, { cacheName: FILES })) ?? Response.error();
  }
}

async function keep({ pathname }, response) {
  const [, id, isInside] = pathname.match(PROJECT) ?? [];
  if (response.status === 404 && id) await forgetUnless((path) => path !== `/projects/${id}`);
  if (!response.ok || !response.headers.get("Content-Type")?.startsWith("text/html")) return;
  const html = await response.text();
  const viewer = html.match(VIEWER)?.[1];
  if (viewer === undefined) return;
  const history = html.match(HISTORY)?.[1];
  const pages = await pagesOf(viewer && `${viewer} ${history}`);
  await putAwayOthers(history);
  if (html.includes(SWITCHER)) {
    const listed = new Set([...html.matchAll(LISTED)].map(([, path]) => path));
    await forgetUnless((path) => listed.has(path));
  }
  if (!viewer || !id) return;
  await pages.put(LAST, new Response(`/projects/${id}`));
  // The page of one message begins in the middle of the talk.
  if (isInside) return;
  await pages.put(pathname, new Response(html, { headers: response.headers }));
  await forgetOldest(pages);
}

/** What is kept for a person in a history; nothing of anybody else outlives this. */
async function pagesOf(owner) {
  const pages = await caches.open(PAGES);
  if ((await textOf(pages, OWNER)) === owner) return pages;
  await caches.delete(PAGES);
  const fresh = await caches.open(PAGES);
  if (owner) await fresh.put(OWNER, new Response(owner));
  return fresh;
}

async function forgetOldest(pages) {
  await forget(pages, (await keptProjects(pages)).slice(0, -MOST_PROJECTS));
}

/** Forgets the projects that this person does not belong to any more. */
async function forgetUnless(belongs) {
  const pages = await caches.open(PAGES);
  const last = await textOf(pages, LAST);
  if (last && !belongs(last)) await pages.delete(LAST);
  const projects = await keptProjects(pages);
  await forget(
    pages,
    projects.filter((path) => !belongs(path)),
  );
}

async function keptProjects(pages) {
  const paths = (await pages.keys()).map(({ url }) => new URL(url).pathname);
  return paths.filter((path) => PROJECT.test(path));
}

async function forget(pages, paths) {
  for (const path of paths) {
    await pages.delete(path);
    await pages.delete(`/kept${path}`);
  }
}

async function keptPage({ pathname }) {
  const pages = await caches.open(PAGES);
  if (pathname === "/") {
    const last = await textOf(pages, LAST);
    return last && Response.redirect(last);
  }
  const id = pathname.match(PROJECT)?.[1];
  const found = id && (await pages.match(`/projects/${id}`));
  if (!found) return undefined;
  const html = await found.text();
  const late = JSON.parse((await textOf(pages, `/kept/projects/${id}`)) ?? "null");
  return new Response(withLatest(html, late, found.headers), { headers: found.headers });
}

/** The page with the newest messages that are known, and the time they are from. */
function withLatest(html, late, headers) {
  return html.replace(DATA, (_, before, json, after) => {
    const early = { ...JSON.parse(json), keptAt: Date.parse(headers.get("Date")) };
    const latest = late?.page.version >= early.page.version ? late : early;
    return before + JSON.stringify(latest).replaceAll("<", "\\u003c") + after;
  });
}

async function textOf(cache, path) {
  return (await cache.match(path))?.text();
}

// Notices

async function show({ projectId, number, title, body }) {
  if (await isLookedAt(projectId)) return;
  const history = await lastHistory();
  await self.registration.showNotification(title, {
    body,
    icon: ICON,
    tag: `project-${projectId}`,
    renotify: true,
    data: { projectId, number, history },
  });
}

/** The history of the page that came last; undefined if none is kept. */
async function lastHistory() {
  const owner = await textOf(await caches.open(PAGES), OWNER);
  return owner?.split(" ")[1];
}

/** Notices of another history lead to messages that are not there any more. */
async function putAwayOthers(history) {
  for (const notification of await self.registration.getNotifications()) {
    if (!isOf(history, notification)) notification.close();
  }
}

function isOf(history, { data }) {
  return !history || !data?.history || data.history === history;
}

/** The history of the server; undefined without a network. */
async function presentHistory() {
  try {
    const signal = AbortSignal.timeout(SESSION_TIMEOUT);
    return (await (await fetch("/api/session", { signal })).json()).history;
  } catch {
    return undefined;
  }
}

async function open(notification) {
  notification.close();
  if (!isOf(await presentHistory(), notification)) return self.clients.openWindow("/projects");
  const { projectId, number } = notification.data;
  const [tab] = (await tabs()).filter((each) => shows(each, projectId));
  if (!tab) return self.clients.openWindow(`/projects/${projectId}/messages/${number}`);
  tab.postMessage({ type: "go-to", projectId, number });
  return tab.focus();
}

async function isLookedAt(projectId) {
  const looking = (await tabs()).filter(({ visibilityState }) => visibilityState === "visible");
  return looking.some((tab) => shows(tab, projectId));
}

function shows(tab, projectId) {
  return new URL(tab.url).pathname.match(PROJECT)?.[1] === String(projectId);
}

function tabs() {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

/** The browser has changed its address; it tells the server, if somebody is still logged in. */
async function renew({ oldSubscription }) {
  const options = oldSubscription?.options;
  if (!options) return;
  const { endpoint, keys } = (await self.registration.pushManager.subscribe(options)).toJSON();
  const { csrfToken } = await (await fetch("/api/session")).json();
  await fetch("/api/account/push", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken },
    body: JSON.stringify({ endpoint, ...keys }),
  });
}
