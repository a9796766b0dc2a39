import { Controller } from "@hotwired/stimulus";
import { locale } from "projchat/i18n";

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

// A time of the server's in the reader's own language and time zone.
export default class extends Controller {
  static values = { style: { type: String, default: "moment" } };

  connect() {
    const time = new Date(this.element.dateTime);
    this.element.textContent = this.#words(time);
    this.element.title = moment.format(time);
  }

  #words(time) {
    if (this.styleValue === "day") return day.format(time);
    if (this.styleValue === "relative") return fromNow(time);
    return moment.format(time);
  }
}

function fromNow(time) {
  const seconds = (time - Date.now()) / 1000;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1);
  return relative.format(Math.round(seconds / length), unit);
}
