// The reactions under a message: what they say, and as buttons.
import { listOf } from "projchat/helpers/sentences";
import { nt, t } from "projchat/i18n";

const MOST_NAMES = 12;

/** The reactions to a message as the reader sees them. */
export function reactionsOf({ reactions = [] }, chat) {
  return reactions.map(({ emoji, userIds }) => {
    const isMine = userIds.includes(chat.viewer.id);
    return { emoji, count: userIds.length, isMine, names: namesOf(userIds, chat) };
  });
}

/** Makes an element show reactions; the button of one that stays is kept, and the focus with it. */
export function showReactions(element, reactions) {
  element.hidden = reactions.length === 0;
  const known = new Map([...element.children].map((chip) => [chip.dataset.emoji, chip]));
  const chips = reactions.map((each) => showChip(known.get(each.emoji) ?? createChip(), each));
  for (const chip of known.values()) if (!chips.includes(chip)) chip.remove();
  let next = element.firstElementChild;
  for (const chip of chips) {
    if (chip === next) next = next.nextElementSibling;
    else element.insertBefore(chip, next);
  }
}

function createChip() {
  const chip = document.createElement("button");
  chip.type = "button";
  chip.className = "reaction";
  chip.dataset.act = "toggle";
  chip.append(document.createElement("span"), document.createElement("span"));
  return chip;
}

function showChip(chip, { emoji, count, isMine, names }) {
  chip.dataset.emoji = emoji;
  chip.ariaPressed = isMine;
  chip.title = names;
  chip.ariaLabel = `${emoji} ${count}: ${names}`;
  chip.firstElementChild.textContent = emoji;
  chip.lastElementChild.textContent = count;
  return chip;
}

/** Everybody by name, the reader last. */
function namesOf(userIds, { people, viewer }) {
  const others = userIds.filter((id) => id !== viewer.id);
  const known = others.map((id) => people.find(id)?.name ?? t("a former member"));
  const names = userIds.length > others.length ? [...known, t("you")] : known;
  if (names.length <= MOST_NAMES) return listOf(names);
  const rest = names.length - MOST_NAMES;
  const more = nt("{count} more", "{count} more", rest);
  return listOf([...names.slice(-MOST_NAMES), more]);
}
