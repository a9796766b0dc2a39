import { Controller } from "@hotwired/stimulus";
import { fieldDate } from "projchat/helpers/dates";
import { placeBeside } from "projchat/helpers/place";
import { toast } from "projchat/helpers/toast";
import { openChat } from "projchat/open_chat";

// To the first message of a day, chosen at any day separator.
export default class extends Controller {
  static targets = ["date"];

  opened({ newState }) {
    if (newState !== "open") return;
    const opener = document.activeElement?.closest("[data-day]");
    this.dateTarget.max = fieldDate(new Date());
    if (opener) {
      this.dateTarget.value = opener.dataset.day;
      placeBeside(this.element, opener);
    }
    this.dateTarget.focus();
  }

  async go(event) {
    event.preventDefault();
    const [year, month, day] = this.dateTarget.value.split("-").map(Number);
    this.element.hidePopover();
    try {
      await openChat().goToDate(new Date(year, month - 1, day));
    } catch (error) {
      toast(error.message);
    }
  }
}
