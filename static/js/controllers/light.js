import { Controller } from "@hotwired/stimulus";
import { connection, connectionHint } from "projchat/helpers/sentences";
import { openChat } from "projchat/open_chat";

// Green only while everything is here, amber where the network lets it come by the long poll alone;
// otherwise since when not. And what waits to be sent.
export default class extends Controller {
  static targets = ["words", "hint"];

  #chat = openChat();

  connect() {
    this.ends = ["light", "timeline"].map((name) => this.#chat.on(name, () => this.#show()));
    this.#show();
  }

  disconnect() {
    for (const end of this.ends) end();
  }

  #show() {
    const { live, waiting } = this.#chat;
    const words = connection(live.state, live.since, waiting);
    const hint = connectionHint(live.state);
    this.element.dataset.state = live.state;
    this.element.title = hint;
    if (this.hintTarget.textContent !== hint) this.hintTarget.textContent = hint;
    // Setting the same words again would have them read out again.
    if (this.wordsTarget.textContent !== words) this.wordsTarget.replaceChildren(...parts(words));
  }
}

/** Where the line is too short for both, how many wait stands together on the next one. */
function parts(words) {
  const [since, ...waiting] = words.split(/(?<= · )/);
  return [since, ...waiting.map(unbroken)];
}

function unbroken(words) {
  const part = document.createElement("span");
  part.className = "light__part";
  part.textContent = words;
  return part;
}
