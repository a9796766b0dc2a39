import { Controller } from "@hotwired/stimulus";

// Rows that leave when their own form has been done; the focus moves to what is left.
export default class extends Controller {
  static targets = ["row", "whole", "heading"];

  remove({ target }) {
    const row = this.rowTargets.find((each) => each.contains(target));
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next?.querySelector("button, select") ?? this.headingTarget).focus();
  }

  removeAll() {
    for (const row of this.rowTargets) row.remove();
    this.headingTarget.focus();
  }

  /** What concerns all the rows goes with the last of them. */
  rowTargetDisconnected() {
    if (this.hasWholeTarget) this.wholeTarget.hidden = this.rowTargets.length === 0;
  }
}
