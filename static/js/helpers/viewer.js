// Whose login this browser holds. Tabs share it: one that was opened by somebody else is out of date.
import { isCurrentHistory } from "projchat/history";

const KEY = "projchat.viewer";

export function claimBrowser(userId) {
  try {
    localStorage.setItem(KEY, userId);
  } catch {
    // Without storage the server's answer alone tells.
  }
}

/** The login of this person has ended; their other tabs in this browser hear of it. */
export function releaseBrowser(userId) {
  try {
    if (localStorage.getItem(KEY) === String(userId)) localStorage.setItem(KEY, "");
  } catch {
    // Without storage the server's answer alone tells.
  }
}

/** Ids are given out again in another history, where the same number may be somebody else. */
export function isStillMine(userId) {
  try {
    return isCurrentHistory() && (localStorage.getItem(KEY) ?? String(userId)) === String(userId);
  } catch {
    return true;
  }
}
