import { isOfAnotherHistory, startAfresh } from "projchat/history";

/** Puts the parts with these ids as the server has them now in the page at `path`. */
export async function renew(path, ids) {
  const response = await fetch(path);
  if (!response.ok || response.redirected) return;
  const now = new DOMParser().parseFromString(await response.text(), "text/html");
  if (isOfAnotherHistory(contentOf(now, "history"))) return startAfresh();
  // Somebody else may have logged in by now; the page is still of the one before.
  if (contentOf(now, "viewer") !== contentOf(document, "viewer")) return;
  for (const id of ids) put(document.getElementById(id), now.getElementById(id));
}

function contentOf(page, name) {
  return page.querySelector(`meta[name=${name}]`)?.content;
}

/** What is current and what has the focus stays so. */
function put(shown, now) {
  const current = shown.querySelector("[aria-current]")?.getAttribute("href");
  const focused = shown.querySelector(":focus")?.getAttribute("href");
  shown.replaceChildren(...now.children);
  linkIn(shown, current)?.setAttribute("aria-current", "page");
  linkIn(shown, focused)?.focus();
}

function linkIn(element, href) {
  return href && element.querySelector(`a[href="${CSS.escape(href)}"]`);
}
