// Makes the children of an element follow a list of rows, touching only what has changed.
import { createRow, signatureOf, updateRow } from "projchat/message_view";

export class RowList {
  #list;
  #shown = new Map();

  constructor(list) {
    this.#list = list;
  }

  show(rows) {
    const focused = this.#list.contains(document.activeElement);
    this.#dropAllBut(new Set(rows.map(({ key }) => key)));
    let next = this.#list.firstElementChild;
    for (const row of rows) {
      const element = this.#elementFor(row);
      if (element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(element, next);
    }
    if (focused && !this.#list.contains(document.activeElement)) this.#keepFocus();
  }

  #dropAllBut(keys) {
    for (const [key, { element }] of this.#shown) {
      if (keys.has(key)) continue;
      element.remove();
      this.#shown.delete(key);
    }
  }

  #elementFor(row) {
    const signature = signatureOf(row);
    const known = this.#shown.get(row.key);
    if (known?.signature === signature) return known.element;
    const element = known?.element ?? createRow(row);
    updateRow(element, row);
    this.#shown.set(row.key, { element, signature });
    return element;
  }

  /** The focus was in a row that has gone; the list must not throw the reader back to the top. */
  #keepFocus() {
    this.#list.querySelector(".message:last-of-type")?.focus({ preventScroll: true });
  }
}
