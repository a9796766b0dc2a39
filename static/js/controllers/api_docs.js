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
      deepLinking: true,
      docExpansion: "list",
      defaultModelsExpandDepth: 0,
      // The page's own token and cookie go with every call that is tried out.
      requestInterceptor: withToken,
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
