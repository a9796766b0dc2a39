import "@github/markdown-toolbar-element";
import { Controller } from "@hotwired/stimulus";
import { linesAround } from "projchat/helpers/lines";

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };
// On a Mac, Ctrl with these letters moves the cursor.
const MODIFIER = /^(Mac|iP)/.test(navigator.platform) ? "Meta" : "Control";

// The toolbar under a field, and its keys; the custom element marks up the words. One button is in
// the order of Tab: the last one used, or the first.
export default class extends Controller {
  static targets = ["button"];

  #wasCursor = false;

  // Actions

  /** The press alone would take the focus out of the text, and on a phone its keyboard away. */
  hold(event) {
    event.preventDefault();
  }

  /** A key in the text. */
  press(event) {
    const keys = event.isComposing ? null : keysOf(event);
    const button = keys && this.buttonTargets.find((each) => isPressedBy(each, keys));
    if (!button) return;
    event.preventDefault();
    button.click();
  }

  /** A key on the toolbar. */
  move(event) {
    const button = event.target.closest("button");
    const next = this.#nextOf(button, event.key);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    if (next === button) button.click();
    else next.focus();
  }

  rove({ target }) {
    const current = target.closest("button");
    for (const button of this.buttonTargets) button.tabIndex = button === current ? 0 : -1;
  }

  /** What covers lines covers them whole; the element would begin in the middle of one. */
  widen({ target, currentTarget: { field } }) {
    const { value, selectionStart, selectionEnd } = field;
    const covers = coversLines(target, value.slice(selectionStart, selectionEnd));
    this.#wasCursor = covers && selectionStart === selectionEnd;
    if (covers) field.setSelectionRange(...linesAround(value, selectionStart, selectionEnd));
  }

  /** Whoever had selected nothing goes on writing, not over what was there. */
  settle({ currentTarget: { field } }) {
    if (this.#wasCursor) field.setSelectionRange(field.selectionEnd, field.selectionEnd);
  }

  // Internal

  /** The button that a key leads to; its own one means that it is pressed. */
  #nextOf(button, key) {
    const buttons = this.buttonTargets;
    if (key === "Enter" || key === " ") return button;
    if (key === "Home") return buttons[0];
    if (key === "End") return buttons.at(-1);
    const index = buttons.indexOf(button) + STEPS[key];
    return buttons[(index + buttons.length) % buttons.length];
  }
}

/** Keys as `aria-keyshortcuts` spells them; the letter by its place, for a Cyrillic layout. */
function keysOf({ code, ctrlKey, metaKey, altKey, shiftKey }) {
  const held = { Control: ctrlKey, Meta: metaKey, Alt: altKey, Shift: shiftKey };
  const names = Object.keys(held).filter((name) => held[name]);
  return names[0] === MODIFIER ? [...names, code.replace("Key", "")].join("+") : null;
}

function isPressedBy(button, keys) {
  return button.getAttribute("aria-keyshortcuts")?.split(" ").includes(keys);
}

function coversLines(target, selected) {
  const style = target.closest("button")?.dataset.mdButton;
  return style === "quote" || (style === "code" && selected.trim().includes("\n"));
}
