import { Controller } from "@hotwired/stimulus";
import { colour, initials } from "projchat/helpers/avatar";
import { t } from "projchat/i18n";
import { openChat } from "projchat/open_chat";

const ROLES = { owner: t("owner"), admin: t("admin"), member: "" };

// Details and members at the right, on demand.
export default class extends Controller {
  static targets = [
    "panel",
    "button",
    "close",
    "rest",
    "description",
    "count",
    "people",
    "template",
  ];

  #chat = openChat();
  #wide = matchMedia("(width >= 800px)");

  // Lifecycle

  connect() {
    this.ends = ["people", "project"].map((name) => this.#chat.on(name, () => this.#show()));
    this.#wide.addEventListener("change", this.#resized);
    this.#show();
  }

  disconnect() {
    this.#wide.removeEventListener("change", this.#resized);
    for (const end of this.ends) end();
  }

  // Actions

  toggle() {
    if (this.#isOpen) this.close();
    else this.#open();
  }

  close() {
    if (!this.#isOpen) return;
    this.#setOpen(false);
    this.buttonTarget.focus();
  }

  escape(event) {
    if (this.panelTarget.contains(event.target)) this.close();
  }

  // Internal

  #open() {
    this.#setOpen(true);
    this.closeTarget.focus();
  }

  #setOpen(open) {
    this.panelTarget.hidden = !open;
    this.element.classList.toggle("chat--panel-open", open);
    this.buttonTarget.setAttribute("aria-expanded", open);
    this.#resized();
  }

  /** In a narrow window it lies over the rest of the page, which waits. */
  #resized = () => {
    for (const rest of this.restTargets) rest.inert = this.#isOpen && !this.#wide.matches;
  };

  #show() {
    const { people, project } = this.#chat;
    this.descriptionTarget.textContent = project.description || t("No description yet.");
    this.countTarget.textContent = people.members.length;
    this.peopleTarget.replaceChildren(...people.members.map((member) => this.#row(member)));
  }

  #row({ id, name, role }) {
    const isHere = this.#chat.people.isPresent(id);
    const row = this.templateTarget.content.firstElementChild.cloneNode(true);
    const avatar = row.querySelector(".avatar");
    avatar.textContent = initials(name);
    avatar.dataset.colour = colour(id);
    avatar.classList.toggle("avatar--present", isHere);
    row.querySelector(".panel__name").textContent = name;
    row.querySelector(".panel__here").textContent = isHere ? t("here now") : "";
    row.querySelector(".panel__role").textContent = ROLES[role];
    row.querySelector(".panel__role").hidden = role === "member";
    return row;
  }

  get #isOpen() {
    return !this.panelTarget.hidden;
  }
}
