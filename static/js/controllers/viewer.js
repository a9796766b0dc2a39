import { Controller } from "@hotwired/stimulus";
import { t } from "projchat/i18n";

// A picture of the timeline, large; the arrow keys go through all of them.
export default class extends Controller {
  static targets = ["image", "name", "place", "download", "previous", "next"];

  #current = null;

  // Actions

  /** A click on a picture anywhere in the page; with a key held down it opens as any link does. */
  open(event) {
    const link = event.target.closest("a.picture");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.#show(link);
    this.element.showModal();
  }

  press(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.#go(step);
  }

  previous() {
    this.#go(-1);
  }

  next() {
    this.#go(1);
  }

  /** Nothing large stays in memory. */
  closed() {
    this.imageTarget.removeAttribute("src");
  }

  // Internal

  #go(step) {
    const links = this.#links;
    const next = links[links.indexOf(this.#current) + step];
    if (next) this.#show(next);
  }

  #show(link) {
    const { width, height, name } = link.dataset;
    this.#current = link;
    // The picture before this one must not stand under the new name until the new one is there.
    this.imageTarget.removeAttribute("src");
    Object.assign(this.imageTarget, { width, height, alt: name, src: link.href });
    this.nameTarget.textContent = name;
    Object.assign(this.downloadTarget, { href: link.href, download: name });
    const links = this.#links;
    const place = links.indexOf(link);
    const isAlone = links.length === 1;
    for (const each of [this.placeTarget, this.previousTarget, this.nextTarget])
      each.hidden = isAlone;
    this.placeTarget.textContent = t("{place} of {count}", {
      place: place + 1,
      count: links.length,
    });
    this.#enable(this.previousTarget, place > 0);
    this.#enable(this.nextTarget, place < links.length - 1);
  }

  /** A button that is disabled would lose the focus, and the arrow keys with it. */
  #enable(button, isEnabled) {
    button.setAttribute("aria-disabled", String(!isEnabled));
  }

  get #links() {
    return [...document.querySelectorAll(".message a.picture")];
  }
}
