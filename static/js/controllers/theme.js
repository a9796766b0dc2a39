import { Controller } from "@hotwired/stimulus";

const KEY = "projchat.theme";

// The choice of theme belongs to this browser; theme.js applies it before the first paint.
export default class extends Controller {
  static targets = ["choice"];

  connect() {
    this.refresh();
  }

  choose({ params: { name } }) {
    if (name === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, name);
    this.dispatch("changed", { target: window, prefix: "theme" });
  }

  refresh() {
    const chosen = localStorage.getItem(KEY) ?? "system";
    if (chosen === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    for (const choice of this.choiceTargets) {
      choice.setAttribute("aria-pressed", choice.dataset.themeNameParam === chosen);
    }
  }
}
