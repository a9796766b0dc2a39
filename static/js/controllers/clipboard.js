import { Controller } from "@hotwired/stimulus";
import { toast } from "projchat/helpers/toast";
import { t } from "projchat/i18n";

// Copies a text: its own value, or what stands in its source field.
export default class extends Controller {
  static targets = ["source"];
  static values = { text: String };

  async copy() {
    toast((await this.#copied()) ? t("Copied.") : t("Press Ctrl+C to copy."));
  }

  select() {
    this.sourceTarget.select();
  }

  // Browsers lend the clipboard only to https and localhost; elsewhere the old command still works.
  async #copied() {
    try {
      await navigator.clipboard.writeText(this.#text);
      return true;
    } catch {
      if (!this.hasSourceTarget) return false;
      this.sourceTarget.focus();
      this.sourceTarget.select();
      return document.execCommand("copy");
    }
  }

  get #text() {
    return this.hasSourceTarget ? this.sourceTarget.value : this.textValue;
  }
}
