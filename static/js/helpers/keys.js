const TYPING = "input, textarea, select, [contenteditable]:not([contenteditable=false])";

/** Whether a key press belongs to a text that is being typed, not to a shortcut. */
export function isTyping(event) {
  return event.target instanceof Element && event.target.matches(TYPING);
}

/** Whether another dialog has the reader's attention already. */
export function dialogIsOpen() {
  return document.querySelector("dialog[open]") !== null;
}

/** The letter that a key writes; where that is no Latin one, the one that stands on its place. */
export function letterOf({ key, code }) {
  const isForeign = key.length === 1 && key > "\x7f";
  return isForeign && code.startsWith("Key") ? code.at(-1).toLowerCase() : key;
}
