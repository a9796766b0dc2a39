import { Controller } from "@hotwired/stimulus";
import { colour, initials } from "projchat/helpers/avatar";
import { nt } from "projchat/i18n";
import { openChat } from "projchat/open_chat";

const MOST = 4;

// Who is here now, as avatars.
export default class extends Controller {
  static targets = ["people", "words"];

  #chat = openChat();

  connect() {
    this.end = this.#chat.on("people", () => this.#show());
    this.#show();
  }

  disconnect() {
    this.end();
  }

  #show() {
    const { present, presentCount } = this.#chat.people;
    const names = present.map((member) => this.#chat.people.nameOf(member));
    const shown = presentCount > MOST ? present.slice(0, MOST - 1) : present;
    const rest = presentCount - shown.length;
    this.peopleTarget.replaceChildren(...shown.map(avatar), ...(rest ? [more(rest)] : []));
    this.peopleTarget.title = names.join(", ");
    this.wordsTarget.textContent = nt(
      "{count} here: {names}",
      "{count} here: {names}",
      presentCount,
      {
        names: names.join(", "),
      },
    );
  }
}

function avatar({ id, name }) {
  const element = document.createElement("span");
  element.className = "avatar avatar--small";
  element.dataset.colour = colour(id);
  element.textContent = initials(name);
  return element;
}

function more(count) {
  const element = document.createElement("span");
  element.className = "presence__more";
  element.textContent = `+${count}`;
  return element;
}
