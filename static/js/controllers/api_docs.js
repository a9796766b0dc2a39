import { Controller } from "@hotwired/stimulus";

// The API to read and to try out. The library is a classic script, so it comes with a tag.
export default class extends Controller {
  static values = { document: String, library: String };

  #dark = matchMedia("(prefers-color-scheme: dark)");

  async connect() {
    this.shade();
    this.#dark.addEventListener("change", this.shade);
    await loadScript(this.libraryValue);
    window.SwaggerUIBundle({
      url: this.documentValue,
      domNode: this.element,
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      // The page's own token and cookie go with every call that is tried out.
      requestInterceptor: withToken,
      plugins: [ourLayout],
      layout: "OurLayout",
      onComplete: () => this.#level(),
    });
  }

  disconnect() {
    this.#dark.removeEventListener("change", this.shade);
  }

  /** Swagger UI knows a dark theme by a class of its own. */
  shade = () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : this.#dark.matches;
    root.classList.toggle("dark-mode", dark);
  };

  /** The library's headings leave out a level. */
  #level() {
    const headings = this.element.querySelectorAll(".opblock-tag, .models > h4");
    for (const heading of headings) heading.ariaLevel = "2";
  }
}

// The library's own layout takes itself for a whole page; here its parts are in the main one.
const PARTS = ["InfoContainer", "operations", "Models"];

function ourLayout({ React: { createElement } }) {
  const OurLayout = ({ getComponent }) =>
    createElement(
      "div",
      { className: "swagger-ui" },
      createElement(getComponent("SvgAssets")),
      ...PARTS.map((name) =>
        createElement("div", { className: "wrapper" }, createElement(getComponent(name, true))),
      ),
    );
  return { components: { OurLayout } };
}

function loadScript(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: address, onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

function withToken(request) {
  request.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]").content;
  return request;
}
