import { Controller } from "@hotwired/stimulus";
import { dialogIsOpen } from "projchat/helpers/keys";
import { goTo } from "projchat/helpers/navigate";

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

// Ctrl+K: a list of my projects that narrows as I type.
export default class extends Controller {
  static targets = ["input", "option", "empty"];

  /** The list was renewed. */
  optionTargetConnected() {
    if (this.element.open) this.filter();
  }

  // Actions

  // The key is asked by its place, so that it works while a Cyrillic layout is on.
  press(event) {
    if (event.code !== "KeyK" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    if (dialogIsOpen()) return;
    this.reset();
    this.element.showModal();
  }

  reset() {
    this.inputTarget.value = "";
    this.filter();
  }

  filter() {
    const wanted = plain(this.inputTarget.value.trim());
    for (const option of this.optionTargets) {
      option.hidden = !plain(option.textContent).includes(wanted);
    }
    this.emptyTarget.hidden = this.#shown.length > 0;
    this.#select(this.#shown[0]);
  }

  move(event) {
    if (event.key === "Enter") return this.#enter(event);
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const { length } = this.#shown;
    const index = this.#shown.indexOf(this.#selected);
    this.#select(this.#shown[(index + step + length) % length]);
  }

  go({ currentTarget }) {
    goTo(currentTarget.dataset.path);
  }

  // Internal

  #enter(event) {
    event.preventDefault();
    if (this.#selected) goTo(this.#selected.dataset.path);
  }

  #select(chosen) {
    for (const option of this.optionTargets) {
      option.setAttribute("aria-selected", option === chosen);
    }
    if (chosen) this.inputTarget.setAttribute("aria-activedescendant", chosen.id);
    else this.inputTarget.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  get #shown() {
    return this.optionTargets.filter((option) => !option.hidden);
  }

  get #selected() {
    return this.optionTargets.find((option) => option.getAttribute("aria-selected") === "true");
  }
}

function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}
