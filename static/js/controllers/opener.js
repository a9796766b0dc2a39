import { Controller } from "@hotwired/stimulus";

// A button that opens a dialog somewhere else on the page.
export default class extends Controller {
  open({ params: { dialog } }) {
    this.element.closest("[popover]")?.hidePopover();
    document.getElementById(dialog).showModal();
  }
}
