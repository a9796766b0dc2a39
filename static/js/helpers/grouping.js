// How messages stand together: under one name, and under one day.
import { isSameDay } from "projchat/helpers/dates";

const TOGETHER = 5 * 60_000;

/** Whether a message stands under the name of the one before it. */
export function continues(previous, message) {
  if (!previous || previous.kind === "system" || message.kind === "system") return false;
  if (previous.author.id !== message.author.id) return false;
  const [before, after] = [new Date(previous.createdAt), new Date(message.createdAt)];
  return Math.abs(after - before) < TOGETHER && isSameDay(before, after);
}

/** Whether a message is the first of its day. */
export function beginsDay(previous, message) {
  return !previous || !isSameDay(new Date(previous.createdAt), new Date(message.createdAt));
}
