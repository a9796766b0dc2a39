import { Controller } from "@hotwired/stimulus";
import { typing } from "projchat/helpers/sentences";
import { openChat } from "projchat/open_chat";

export default class extends Controller {
  connect() {
    const chat = openChat();
    this.end = chat.on("typing", () => {
      this.element.textContent = typing(chat.typing.names);
    });
  }

  disconnect() {
    this.end();
  }
}
