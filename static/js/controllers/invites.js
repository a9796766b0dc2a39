import { Controller } from "@hotwired/stimulus";

// A link just made joins the list, ready to be copied.
export default class extends Controller {
  static targets = ["list", "template"];

  add({ detail: { answer } }) {
    const row = this.templateTarget.content.firstElementChild.cloneNode(true);
    const form = this.#field(row, "form");
    form.setAttribute("action", form.getAttribute("action") + answer.id);
    this.#field(row, "url").value = answer.url;
    this.#field(row, "author").textContent = answer.createdBy.name;
    this.#field(row, "uses").textContent = answer.uses;
    this.#field(row, "most").textContent = answer.maxUses;
    row.querySelector("time").dateTime = answer.expiresAt;
    this.listTarget.prepend(row);
    row.querySelector("button").focus();
  }

  #field(row, name) {
    return row.querySelector(`[data-invites-field=${name}]`);
  }
}
