// The service worker, served as /sw.js. It shows what is pushed, and it opens a project without a
// network: with the page as it last came, the messages that the page last saw, and the outbox.
//
// While there is a network every page comes from it: what is kept is only for when it does not
// answer. What is kept of pages belongs to one person. It goes when the network brings a page that
// is not theirs: of somebody else who has logged in, or of nobody after the login has ended.
const PAGES = "projchat-pages";
const FILES = "projchat-files";
const OWNER = "/owner";
const LAST = "/last";
const MOST_PROJECTS = 10;
const PROJECT = /^\/projects\/(\d+)(\/messages\/\d+)?$/;
const VIEWER = /<meta name="viewer" content="(\d*)">/;
const DATA = /(<script type="application\/json" id="page-data">)(.*?)(<\/script>)/s;
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
  if (!response.ok || !response.headers.get("Content-Type")?.startsWith("text/html")) return;
  const html = await response.text();
  const viewer = html.match(VIEWER)?.[1];
  if (viewer === undefined) return;
  const pages = await pagesOf(viewer);
  const [, id, isInside] = pathname.match(PROJECT) ?? [];
  if (!viewer || !id) return;
  await pages.put(LAST, new Response(`/projects/${id}`));
  // The page of one message begins in the middle of the talk.
  if (isInside) return;
  await pages.put(pathname, new Response(html, { headers: response.headers }));
  await forgetOldest(pages);
}

/** What is kept for a person; nothing of anybody else outlives this. */
async function pagesOf(viewer) {
  const pages = await caches.open(PAGES);
  if ((await textOf(pages, OWNER)) === viewer) return pages;
  await caches.delete(PAGES);
  const fresh = await caches.open(PAGES);
  if (viewer) await fresh.put(OWNER, new Response(viewer));
  return fresh;
}

async function forgetOldest(pages) {
  const paths = (await pages.keys()).map(({ url }) => new URL(url).pathname);
  const projects = paths.filter((path) => PROJECT.test(path));
  for (const path of projects.slice(0, -MOST_PROJECTS)) {
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
  await self.registration.showNotification(title, {
    body,
    icon: ICON,
    tag: `project-${projectId}`,
    renotify: true,
    data: { projectId, number },
  });
}

async function open(notification) {
  notification.close();
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
