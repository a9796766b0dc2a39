import { Controller } from "@hotwired/stimulus";
import { colour, initials } from "projchat/helpers/avatar";
import { t } from "projchat/i18n";
import { openChat } from "projchat/open_chat";

const ROLES = { owner: t("owner"), admin: t("admin"), member: "" };

// The project's description and its members, in the panel.
export default class extends Controller {
  static targets = ["description", "count", "people", "template", "notify"];

  #chat = openChat();

  // Lifecycle

  connect() {
    this.ends = ["people", "project"].map((name) => this.#chat.on(name, () => this.#show()));
    this.notifyTarget.value = this.#chat.project.notify;
    this.#show();
  }

  disconnect() {
    for (const end of this.ends) end();
  }

  // Actions

  chosen({ detail: { answer } }) {
    this.#chat.project.notify = answer.notify;
  }

  // Internal

  #show() {
    const { people, project } = this.#chat;
    // The server has rendered and sanitised it, as it does the messages.
    if (project.description) this.descriptionTarget.innerHTML = project.descriptionHtml;
    else this.descriptionTarget.textContent = t("No description yet.");
    this.countTarget.textContent = people.members.length;
    this.peopleTarget.replaceChildren(...people.members.map((member) => this.#row(member)));
  }

  #row(member) {
    const { id, name, username, role } = member;
    const tag = this.#chat.people.tagOf(member);
    const isHere = this.#chat.people.isPresent(id);
    const row = this.templateTarget.content.firstElementChild.cloneNode(true);
    const avatar = row.querySelector(".avatar");
    avatar.textContent = initials(name);
    avatar.dataset.colour = colour(id);
    avatar.classList.toggle("avatar--present", isHere);
    row.querySelector(".panel__name").textContent = name;
    row.querySelector(".panel__name").title = `@${username}`;
    row.querySelector(".panel__tag").textContent = tag;
    row.querySelector(".panel__tag").hidden = !tag;
    row.querySelector(".panel__here").textContent = isHere ? t("here now") : "";
    row.querySelector(".panel__role").textContent = ROLES[role];
    row.querySelector(".panel__role").hidden = role === "member";
    return row;
  }
}
