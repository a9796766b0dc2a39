import { Controller } from "@hotwired/stimulus";
import { sizeOf } from "projchat/helpers/sizes";
import { toast } from "projchat/helpers/toast";
import { isStartingAfresh } from "projchat/history";
import { nt, t } from "projchat/i18n";
import { openChat } from "projchat/open_chat";

// The files that go with the next message: chosen, pasted or dropped, each with its progress.
export default class extends Controller {
  static targets = ["tray", "list", "row", "status", "input", "zone"];

  #chat = openChat();
  #rows = new Map();
  #end;

  // Lifecycle

  connect() {
    this.#end = this.#chat.on("uploads", () => this.#show());
    this.#show();
    // Files may have been chosen before this controller had loaded.
    this.choose();
  }

  disconnect() {
    this.#end();
  }

  // Actions

  browse() {
    this.inputTarget.click();
  }

  choose() {
    this.#add([...this.inputTarget.files]);
    this.inputTarget.value = "";
  }

  /** Office programs give a picture of the text along with it; the text is what is meant. */
  paste(event) {
    const files = [...event.clipboardData.files];
    if (files.length === 0 || event.clipboardData.types.includes("text/plain")) return;
    event.preventDefault();
    this.#add(files);
  }

  /** A file over the page; the browser would open it in place of the chat. */
  over(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = this.#isOpen ? "copy" : "none";
    this.zoneTarget.hidden = !this.#isOpen;
  }

  /** Only what leaves the window has gone; within it, every element is left all the time. */
  leave({ relatedTarget }) {
    if (relatedTarget === null) this.zoneTarget.hidden = true;
  }

  drop(event) {
    this.zoneTarget.hidden = true;
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    const items = [...event.dataTransfer.items].filter(({ kind }) => kind === "file");
    const isFolder = items.map((item) => item.webkitGetAsEntry()?.isDirectory ?? false);
    if (isFolder.includes(true)) toast(t("A folder cannot be sent; its files can."));
    this.#add([...event.dataTransfer.files].filter((_, index) => !isFolder[index]));
  }

  remove({ target }) {
    const row = target.closest(".upload");
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.#chat.uploads.remove(Number(row.dataset.key));
    if (next) next.querySelector(".upload__remove").focus();
    else this.#chat.compose({});
  }

  retry({ target }) {
    this.#chat.uploads.retry(Number(target.closest(".upload").dataset.key));
  }

  /** What has not come yet would be lost with the page, unless it is lost already. */
  stay(event) {
    if (this.#chat.uploads.isBusy && !isStartingAfresh()) event.preventDefault();
  }

  // Internal

  #add(files) {
    if (!this.#isOpen || files.length === 0) return;
    const left = this.#chat.uploads.add(files);
    if (left > 0) toast(leftOut(left));
    this.#chat.compose({});
  }

  #show() {
    const { items } = this.#chat.uploads;
    const keys = new Set(items.map(({ key }) => key));
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    for (const item of items) this.#showItem(item);
    this.trayTarget.hidden = items.length === 0;
    this.statusTarget.textContent = this.#words;
  }

  #showItem(item) {
    const row = this.#rows.get(item.key) ?? this.#newRow(item);
    const isFailed = item.state === "failed";
    const part = (name) => row.querySelector(`.upload__${name}`);
    row.dataset.state = item.state;
    part("progress").hidden = isFailed || item.state === "done";
    part("progress").value = item.sent;
    part("retry").hidden = !(isFailed && item.mayRetry);
    setText(part("state"), isFailed ? "" : this.#progressOf(item));
    setText(part("failure"), isFailed ? t("Not uploaded: {reason}", { reason: item.error }) : "");
    if (item.attachment?.thumbnailUrl) showFace(row, item.attachment.thumbnailUrl);
  }

  #newRow({ key, name, size }) {
    const row = this.rowTarget.content.firstElementChild.cloneNode(true);
    row.dataset.key = key;
    row.querySelector(".upload__name").textContent = name;
    const progress = row.querySelector(".upload__progress");
    progress.max = Math.max(1, size);
    progress.setAttribute("aria-label", name);
    row.querySelector(".upload__remove").setAttribute("aria-label", t("Remove {name}", { name }));
    row.querySelector(".upload__retry").setAttribute("aria-label", t("Try {name} again", { name }));
    this.#rows.set(key, row);
    this.listTarget.append(row);
    return row;
  }

  #progressOf({ state, sent, size }) {
    if (state === "done") return sizeOf(size);
    if (state === "stuck") return t("waiting for the connection…");
    return t("{sent} of {size}", { sent: sizeOf(sent), size: sizeOf(size) });
  }

  get #words() {
    return this.#chat.uploads.isAwaited
      ? t("The message goes as soon as its files are there.")
      : "";
  }

  get #isOpen() {
    return !this.#chat.isReadOnly && document.querySelector("dialog[open]") === null;
  }
}

function leftOut(count) {
  return nt(
    "A message takes ten files; {count} is left out.",
    "A message takes ten files; {count} are left out.",
    count,
  );
}

/** What is the same is not read out again. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showFace(row, address) {
  const face = row.querySelector(".upload__face");
  if (face.querySelector("img")) return;
  const image = document.createElement("img");
  Object.assign(image, { src: address, alt: "", width: 32, height: 32 });
  face.replaceChildren(image);
}
