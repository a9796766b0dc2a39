import { Controller } from "@hotwired/stimulus";
import { ApiError, api } from "projchat/api";
import { confirm } from "projchat/helpers/confirm";
import { goTo } from "projchat/helpers/navigate";
import { toast, toastOnNextPage } from "projchat/helpers/toast";
import { t } from "projchat/i18n";

// A form that talks to the API. What was typed stays until the server has agreed to it.
//
//   action, data-method        where to, and how (post unless said otherwise)
//   data-form-confirm          a question to ask first; data-form-confirm-text and -action with it
//   data-form-next             where to go afterwards: "{id}" comes from the answer, "." is here
//   data-form-toast            what to say afterwards
//
// On a field: data-type is "number" or "boolean" where it is not text; data-empty="null" sends null
// for an empty one.
export default class extends Controller {
  static targets = ["alert"];

  #busy = false;

  // Lifecycle

  connect() {
    this.element.noValidate = true;
    this.element.addEventListener("submit", this.#submitted);
    this.element.dataset.ready = "";
    if ("waiting" in this.element.dataset) this.#sendWhatWaited();
  }

  disconnect() {
    this.element.removeEventListener("submit", this.#submitted);
  }

  // Actions

  /** For a choice that takes effect at once. */
  submitNow() {
    this.element.requestSubmit();
  }

  /** Back to what the fields held when they were last kept. */
  reset() {
    this.element.reset();
  }

  /** What the fields hold now is what the server holds. */
  keep() {
    for (const field of this.#fields) {
      if (field.options) for (const each of field.options) each.defaultSelected = each.selected;
      else field.defaultValue = field.value;
    }
  }

  // Internal

  /** It was sent before this controller had loaded; early.js held it back. */
  #sendWhatWaited() {
    delete this.element.dataset.waiting;
    this.element.requestSubmit();
  }

  #submitted = async (event) => {
    event.preventDefault();
    if (this.#busy || !(await this.#agreed())) return;
    this.#setBusy(true);
    this.#clearErrors();
    try {
      this.#succeed(await this.#send());
    } catch (error) {
      this.#fail(error);
    }
  };

  async #agreed() {
    const { formConfirm: title, formConfirmText: text, formConfirmAction } = this.element.dataset;
    return !title || confirm({ title, text, action: formConfirmAction ?? t("Continue") });
  }

  #send() {
    const { element } = this;
    const method = (element.dataset.method ?? "post").toUpperCase();
    const body = method === "DELETE" ? undefined : this.#values();
    return api(method, element.getAttribute("action"), body);
  }

  #values() {
    return Object.fromEntries(this.#fields.map((field) => [field.name, read(field)]));
  }

  #succeed(answer) {
    const { formNext, formToast } = this.element.dataset;
    if (formNext) return leave(fill(formNext, answer), formToast);
    this.#setBusy(false);
    if (formToast) toast(formToast);
    this.dispatch("done", { detail: { answer } });
  }

  #fail(error) {
    this.#setBusy(false);
    if (!error.message) throw error;
    const unplaced = error instanceof ApiError ? this.#showFieldErrors(error.fields) : [];
    const invalid = this.#fields.find((field) => field.getAttribute("aria-invalid") === "true");
    if (!invalid || unplaced.length) this.#alert([error.message, ...unplaced].join(" "));
    invalid?.focus();
    this.dispatch("failed", { detail: { error } });
  }

  /** Puts each error beside its field; returns those that have no field here. */
  #showFieldErrors(errors) {
    return Object.entries(errors).flatMap(([name, text]) => {
      const field = this.#fields.find((each) => each.name === name);
      if (!field || field.type === "hidden") return [text];
      field.setAttribute("aria-invalid", "true");
      this.#errorFor(field).textContent = text;
      return [];
    });
  }

  #clearErrors() {
    if (this.hasAlertTarget) this.alertTarget.replaceChildren();
    for (const field of this.#fields) {
      if (!field.hasAttribute("aria-invalid")) continue;
      field.removeAttribute("aria-invalid");
      this.#errorFor(field).textContent = "";
    }
  }

  #errorFor(field) {
    return document.getElementById(`${field.id}-error`) ?? addErrorBeside(field);
  }

  #alert(text) {
    if (!this.hasAlertTarget) return toast(text);
    const line = document.createElement("p");
    line.className = "form__error";
    line.textContent = text;
    this.alertTarget.replaceChildren(line);
  }

  // The buttons stay focusable: a disabled one would drop the keyboard's place in the page.
  #setBusy(busy) {
    this.#busy = busy;
    this.element.setAttribute("aria-busy", busy);
    for (const button of this.element.querySelectorAll("button:not([type=button])")) {
      button.setAttribute("aria-disabled", busy);
    }
  }

  get #fields() {
    return [...this.element.elements].filter(
      (field) => field.name && !field.disabled && field.type !== "submit",
    );
  }
}

function read(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.value === "" && field.dataset.empty === "null") return null;
  if (field.dataset.type === "boolean") return field.value === "true";
  if (field.dataset.type === "number") return Number(field.value);
  return field.value;
}

function addErrorBeside(field) {
  const line = document.createElement("p");
  line.className = "field__error";
  line.id = `${field.id}-error`;
  field.after(line);
  const described = [field.getAttribute("aria-describedby"), line.id].filter(Boolean);
  field.setAttribute("aria-describedby", described.join(" "));
  return line;
}

function leave(path, words) {
  if (words) toastOnNextPage(words);
  if (path === ".") location.reload();
  else goTo(path);
}

function fill(path, answer) {
  return path.replace(/\{(\w+)\}/g, (placeholder, name) => answer?.[name] ?? placeholder);
}
