// Who has read a message, by name, in a small popover beside what asked for it.
import { placeBeside } from "projchat/helpers/place";
import { t } from "projchat/i18n";

/** Shows what `People.readingOf` tells; resolves, once closed, with whether the focus is lost. */
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
  return closed(box);
}

function closed(box) {
  return new Promise((resolve) => {
    const listen = ({ newState }) => {
      if (newState !== "closed") return;
      box.removeEventListener("toggle", listen);
      const { activeElement } = document;
      resolve(activeElement === document.body || box.contains(activeElement));
    };
    box.addEventListener("toggle", listen);
  });
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
