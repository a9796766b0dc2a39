import { Controller } from "@hotwired/stimulus";
import { openChat } from "projchat/open_chat";

// The panel at the right shows one view at a time. A view is a template: opening it makes it, so
// its controller connects, and closing it takes it away. What else the opener says, as in
// `panel:open` with `{view: "thread", number: 5}`, its first controller finds in its value `detail`.
export default class extends Controller {
  static targets = ["panel", "title", "close", "body", "view", "button", "rest"];

  #chat = openChat();
  #wide = matchMedia("(width >= 800px)");
  #view = null;
  #opener = null;

  // Lifecycle

  connect() {
    // In a narrow window the panel would cover the place that is gone to.
    this.ends = ["going", "compose"].map((name) => this.#chat.on(name, () => this.#giveWay()));
    this.#wide.addEventListener("change", this.#resized);
  }

  disconnect() {
    this.#wide.removeEventListener("change", this.#resized);
    for (const end of this.ends) end();
  }

  // Actions

  /** From a button, with `data-panel-view-param`, or as the window's event `panel:open`. */
  open({ params, detail }) {
    const { view, ...more } = { ...params, ...detail };
    const template = this.viewTargets.find(({ dataset }) => dataset.view === view);
    if (!template) return;
    this.#rememberOpener();
    this.#show(template, more);
    (this.bodyTarget.querySelector("[autofocus]") ?? this.closeTarget).focus();
  }

  toggle(event) {
    if (this.#view === event.params.view) this.close();
    else this.open(event);
  }

  close() {
    if (!this.#view) return;
    this.#hide();
    this.#wayBack.focus();
  }

  escape(event) {
    if (!event.defaultPrevented && this.panelTarget.contains(event.target)) this.close();
  }

  // Internal

  #show(template, detail) {
    const content = template.content.cloneNode(true);
    const view = content.firstElementChild;
    const [controller] = view.dataset.controller.split(" ");
    view.setAttribute(`data-${controller}-detail-value`, JSON.stringify(detail));
    this.titleTarget.textContent = template.dataset.title;
    this.bodyTarget.replaceChildren(content);
    this.#settle(template.dataset.view);
  }

  #hide() {
    this.bodyTarget.replaceChildren();
    this.#settle(null);
  }

  #settle(view) {
    this.#view = view;
    this.panelTarget.hidden = !view;
    this.element.classList.toggle("chat--panel-open", Boolean(view));
    for (const button of this.buttonTargets) {
      button.setAttribute("aria-expanded", button.dataset.panelViewParam === view);
    }
    this.#resized();
  }

  #giveWay() {
    if (!this.#wide.matches) this.#hide();
  }

  /** In a narrow window it lies over the rest of the page, which waits. */
  #resized = () => {
    for (const rest of this.restTargets) rest.inert = Boolean(this.#view) && !this.#wide.matches;
  };

  /** What leads from one view to the next stands in the panel and goes with it. */
  #rememberOpener() {
    const { activeElement } = document;
    if (!this.panelTarget.contains(activeElement)) this.#opener = activeElement;
  }

  get #wayBack() {
    const opener = this.#opener;
    return opener?.isConnected && opener !== document.body ? opener : this.buttonTargets.at(-1);
  }
}
