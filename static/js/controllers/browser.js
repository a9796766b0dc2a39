import { Controller } from "@hotwired/stimulus";
import { describe } from "projchat/helpers/browser";
import { t } from "projchat/i18n";

// "Firefox on Linux" for the long words by which a browser presents itself.
export default class extends Controller {
  static values = { agent: String };

  connect() {
    const { browser, system } = describe(this.agentValue);
    if (browser && system)
      this.element.textContent = t("{browser} on {system}", { browser, system });
    else if (browser) this.element.textContent = browser;
  }
}
