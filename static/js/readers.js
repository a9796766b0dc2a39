// Who has read a message, by name, in a small popover beside what asked for it.
import { placeBeside } from "projchat/helpers/place";
import { t } from "projchat/i18n";

/** `reading` is what `People.readingOf` tells. */
export function showReaders({ read, unread, hidden }, opener) {
  const box = document.getElementById("readers");
  box.replaceChildren(
    ...part(t("Read by"), read),
    ...part(t("Not read yet"), unread),
    ...part(t("Do not show it"), hidden),
  );
  box.showPopover();
  placeBeside(box, opener);
  box.focus();
}

function part(title, people) {
  if (people.length === 0) return [];
  const heading = document.createElement("h2");
  heading.className = "readers__title";
  heading.textContent = title;
  const list = document.createElement("ul");
  list.role = "list";
  list.append(...people.map(({ name }) => item(name)));
  return [heading, list];
}

function item(name) {
  const element = document.createElement("li");
  element.textContent = name;
  return element;
}
