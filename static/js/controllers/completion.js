import { Controller } from "@hotwired/stimulus";
import { completionIn } from "projchat/completions";

// Offers to complete what is being typed, from the providers in completions.js.
export default class extends Controller {
  static targets = ["input", "list"];

  #matches = [];
  #place = null;
  #chosen = 0;
  #asked = 0;

  // Actions

  /** The text or the place in it has changed. */
  async look() {
    this.#asked += 1;
    const question = this.#asked;
    const place = this.#completion;
    if (!place) return this.close();
    const matches = await this.#find(place).catch(() => []);
    if (question !== this.#asked) return;
    if (place.closed) return this.#replace(place, matches[0]);
    this.#place = place;
    this.#show(matches);
  }

  press(event) {
    if (event.isComposing || !this.#isOpen) return;
    const act = {
      ArrowDown: () => this.#choose(this.#chosen + 1),
      ArrowUp: () => this.#choose(this.#chosen - 1),
      Enter: () => this.#take(this.#chosen),
      Tab: () => this.#take(this.#chosen),
      Escape: () => this.close(),
    }[event.key];
    if (!act || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  }

  /** The press alone would take the focus out of the text, and with it close the list. */
  hold(event) {
    event.preventDefault();
  }

  take({ target }) {
    const option = target.closest("[role=option]");
    if (option) this.#take([...this.listTarget.children].indexOf(option));
  }

  /** Puts an emoji from the table where the cursor is. */
  async pick({ currentTarget }) {
    const { pickEmoji } = await import("projchat/emoji_picker");
    const emoji = await pickEmoji(currentTarget);
    if (!emoji) return;
    const { selectionStart, selectionEnd } = this.inputTarget;
    this.#write(emoji, selectionStart, selectionEnd);
  }

  close() {
    this.#asked += 1;
    this.#show([]);
  }

  // Internal

  async #find({ provider, word, closed }) {
    if (!closed) return provider.find(word);
    const match = await provider.exact(word);
    return match ? [match] : [];
  }

  #show(matches) {
    this.#matches = matches;
    this.listTarget.hidden = matches.length === 0;
    this.listTarget.replaceChildren(...matches.map((match, index) => this.#option(match, index)));
    if (this.#isOpen) this.#choose(0);
    else this.inputTarget.removeAttribute("aria-activedescendant");
  }

  #option({ picture, words, detail }, index) {
    const option = document.createElement("li");
    option.id = `${this.listTarget.id}-${index}`;
    option.role = "option";
    option.className = "completion__option";
    option.append(part("picture", picture), part("words", words), part("detail", detail));
    option.firstElementChild.ariaHidden = true;
    return option;
  }

  #choose(index) {
    const options = [...this.listTarget.children];
    this.#chosen = (index + options.length) % options.length;
    for (const [at, option] of options.entries()) option.ariaSelected = at === this.#chosen;
    options[this.#chosen].scrollIntoView({ block: "nearest" });
    this.inputTarget.setAttribute("aria-activedescendant", options[this.#chosen].id);
  }

  #take(index) {
    const match = this.#matches[index];
    this.close();
    this.#replace(this.#place, match);
  }

  #replace({ start }, match) {
    if (match) this.#write(`${match.value} `, start, this.inputTarget.selectionEnd);
    else this.close();
  }

  #write(text, start, end) {
    const input = this.inputTarget;
    input.setRangeText(text, start, end, "end");
    input.focus();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  get #completion() {
    const { value, selectionStart, selectionEnd } = this.inputTarget;
    return selectionStart === selectionEnd ? completionIn(value.slice(0, selectionEnd)) : null;
  }

  get #isOpen() {
    return !this.listTarget.hidden;
  }
}

function part(name, text = "") {
  const element = document.createElement("span");
  element.className = `completion__${name}`;
  element.textContent = text;
  return element;
}
