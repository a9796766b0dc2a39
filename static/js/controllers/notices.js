import { Controller } from "@hotwired/stimulus";
import { changeNoticeSettings, noticeSettings } from "projchat/helpers/notice_settings";
import { subscribe, unsubscribe } from "projchat/helpers/push";
import { t } from "projchat/i18n";

// Whether this browser notifies its person, and with how much. The browser is asked for its
// permission only after a click on a button that says what for.
export default class extends Controller {
  static targets = ["state", "on", "off", "text", "choice"];
  static values = { user: Number, key: String };

  #reachable = null;

  // Lifecycle

  connect() {
    this.#show();
    if (this.#isOn) this.#subscribe();
  }

  // Actions

  async turnOn() {
    const answer = await Notification.requestPermission();
    if (answer === "granted") {
      changeNoticeSettings(this.userValue, { on: true });
      await this.#subscribe();
    }
    this.#show();
    if (this.#isOn) this.offTarget.focus();
  }

  async turnOff() {
    changeNoticeSettings(this.userValue, { on: false });
    this.#show();
    this.onTarget.focus();
    await unsubscribe();
  }

  async chooseText() {
    changeNoticeSettings(this.userValue, { text: this.textTarget.checked });
    if (this.#isOn) await this.#subscribe();
  }

  // Internal

  async #subscribe() {
    this.#reachable = await subscribe(noticeSettings(this.userValue).text, this.keyValue);
    this.#show();
  }

  #show() {
    const { on, text } = noticeSettings(this.userValue);
    const permission = globalThis.Notification?.permission ?? "missing";
    const isOn = on && permission === "granted";
    this.stateTarget.textContent = this.#words(isOn, permission);
    this.onTarget.hidden = isOn || permission === "denied" || permission === "missing";
    this.offTarget.hidden = !isOn;
    this.choiceTarget.hidden = !isOn;
    this.textTarget.checked = text;
  }

  #words(isOn, permission) {
    if (permission === "missing") return t("This browser cannot show notifications.");
    if (permission === "denied") {
      return t(
        "The browser blocks notifications of this site. Allow them in its settings, then reload the page.",
      );
    }
    if (!isOn) return t("Notifications are off in this browser.");
    if (this.#reachable === false) {
      return t("Notifications are on, as long as a project is open in a tab.");
    }
    return t("Notifications are on.");
  }

  get #isOn() {
    return noticeSettings(this.userValue).on && globalThis.Notification?.permission === "granted";
  }
}
