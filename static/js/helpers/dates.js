// Times as the reader writes them, in their own zone.
import { locale, t } from "projchat/i18n";

const DAY = 86_400_000;

// The reader's own variant of the page's language: en-GB says 14:02 where en-US says 2:02 PM.
const variant =
  globalThis.navigator?.languages?.find((one) => one.split("-")[0] === locale) ?? locale;
const clock = new Intl.DateTimeFormat(variant, { timeStyle: "short" });
const dayOfYear = new Intl.DateTimeFormat(variant, { day: "numeric", month: "long" });
const dayOfAnyYear = new Intl.DateTimeFormat(variant, { dateStyle: "long" });
const dayAndClock = new Intl.DateTimeFormat(variant, {
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
});
const moment = new Intl.DateTimeFormat(variant, { dateStyle: "full", timeStyle: "short" });

/** 14:02 */
export function timeOf(date) {
  return clock.format(date);
}

/** The same where there is little room: 2:02 also where others say 2:02 PM. */
export function narrowTimeOf(date) {
  const parts = clock.formatToParts(date).filter(({ type }) => type !== "dayPeriod");
  return parts
    .map(({ value }) => value)
    .join("")
    .trim();
}

/** 14:02, and with its day unless that is today: 4 Mar, 14:02 */
export function recentTimeOf(date, today = new Date()) {
  return isSameDay(date, today) ? timeOf(date) : dayAndClock.format(date);
}

/** Tuesday, 4 March 2025 at 14:02 */
export function momentOf(date) {
  return moment.format(date);
}

/** Today, Yesterday, 4 March, or 4 March 2023 */
export function dayOf(date, today = new Date()) {
  if (isSameDay(date, today)) return t("Today");
  if (isSameDay(date, new Date(today.getTime() - DAY))) return t("Yesterday");
  const isThisYear = date.getFullYear() === today.getFullYear();
  return (isThisYear ? dayOfYear : dayOfAnyYear).format(date);
}

/** The reader's own day as a date field writes it: 2025-03-04 */
export function fieldDate(date) {
  const two = (number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function isSameDay(one, other) {
  return one.toDateString() === other.toDateString();
}
