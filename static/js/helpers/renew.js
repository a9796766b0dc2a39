/** Puts the parts with these ids as the server has them now in the page at `path`. */
export async function renew(path, ids) {
  const response = await fetch(path);
  if (!response.ok || response.redirected) return;
  const now = new DOMParser().parseFromString(await response.text(), "text/html");
  const focused = document.activeElement?.getAttribute("href");
  for (const id of ids) {
    const shown = document.getElementById(id);
    const current = shown.querySelector("[aria-current]")?.getAttribute("href");
    shown.replaceChildren(...now.getElementById(id).children);
    linkIn(shown, current)?.setAttribute("aria-current", "page");
    linkIn(shown, focused)?.focus();
  }
}

function linkIn(element, href) {
  return href && element.querySelector(`a[href="${CSS.escape(href)}"]`);
}
