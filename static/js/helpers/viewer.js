// Whose login this browser holds. Tabs share it: one that was opened by somebody else is out of date.
const KEY = "projchat.viewer";

export function claimBrowser(userId) {
  try {
    localStorage.setItem(KEY, userId);
  } catch {
    // Without storage the server's answer alone tells.
  }
}

export function isStillMine(userId) {
  try {
    return (localStorage.getItem(KEY) ?? String(userId)) === String(userId);
  } catch {
    return true;
  }
}
