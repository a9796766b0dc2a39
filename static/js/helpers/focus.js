/** Whether keys that are pressed now go to this element: of several tabs, at most one has it. */
export function hasFocus(element) {
  return document.hasFocus() && document.activeElement === element;
}

/** Whether the focus is on an element or on something in it. */
export function hasWithin(element) {
  return element.contains(document.activeElement);
}
