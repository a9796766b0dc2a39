// Which history of the database this page shows. A database that was put back to an earlier state
// has another one: ids and counters are given out again there and may mean something else, so what
// belongs to one history is never merged with what belongs to another.
const KEY = "projchat.history";
const LEFT_AT = "projchat.leftAt";
const SAVING_TIMEOUT = 3000;
// Two servers with different histories behind one address must not make a page reload in a loop.
const LEAVE_EVERY = 5000;

const savers = new Set();
let leaving = null;

/** The history that this browser knew before this page came; null if it knew none. */
export const earlierHistory = remember();

/** The history of this page; null if the server has not said any. */
export function pageHistory() {
  return globalThis.document?.querySelector("meta[name=history]")?.content || null;
}

/** Whether something the server says is of another history than this page. */
export function isOfAnotherHistory(history) {
  const own = pageHistory();
  return Boolean(own && history) && history !== own;
}

/** Whether no other tab of this browser has seen a newer history. */
export function isCurrentHistory() {
  try {
    return !isOfAnotherHistory(localStorage.getItem(KEY));
  } catch {
    return true;
  }
}

/** Calls `save` before this page is left by `startAfresh`; the answer ends that. */
export function beforeStartingAfresh(save) {
  savers.add(save);
  return () => savers.delete(save);
}

/** Whether the page is about to be left. */
export function isStartingAfresh() {
  return leaving !== null;
}

/** Reloads the whole page: names, members, roles, the project itself may be others by now. */
export function startAfresh() {
  leaving ??= leave();
}

async function leave() {
  const saved = Promise.allSettled([...savers].map((save) => save()));
  await Promise.race([saved, pause(SAVING_TIMEOUT)]);
  await pause(Math.max(0, lastLeft() + LEAVE_EVERY - Date.now()));
  noteLeaving();
  location.reload();
}

function pause(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}

function lastLeft() {
  try {
    return Number(sessionStorage.getItem(LEFT_AT));
  } catch {
    return 0;
  }
}

function noteLeaving() {
  try {
    sessionStorage.setItem(LEFT_AT, Date.now());
  } catch {
    // Without storage there is no waiting.
  }
}

function remember() {
  try {
    const known = localStorage.getItem(KEY);
    const own = pageHistory();
    if (own) localStorage.setItem(KEY, own);
    return known;
  } catch {
    return null;
  }
}
