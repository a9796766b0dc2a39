import { Controller } from "@hotwired/stimulus";
import { api } from "projchat/api";

// Shows the project's newest link, and makes one where there is none yet.
export default class extends Controller {
  static targets = ["field"];
  static values = { path: String };

  async connect() {
    try {
      this.fieldTarget.value = (await this.#link()).url;
    } catch (error) {
      this.fieldTarget.placeholder = error.message;
    }
  }

  async #link() {
    const { invites } = await api("GET", this.pathValue);
    return invites[0] ?? api("POST", this.pathValue, {});
  }
}
