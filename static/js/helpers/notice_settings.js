// What this browser shows its person of the news: whether any notices, and whether with the text.
const KEY = "projchat.notices";
const OFF = { on: false, text: false };

export function noticeSettings(userId) {
  try {
    return { ...OFF, ...JSON.parse(localStorage.getItem(`${KEY}.${userId}`)) };
  } catch {
    return OFF;
  }
}

export function changeNoticeSettings(userId, changes) {
  const settings = { ...noticeSettings(userId), ...changes };
  try {
    localStorage.setItem(`${KEY}.${userId}`, JSON.stringify(settings));
  } catch {
    // Without storage there are no notices in the next page.
  }
  return settings;
}

/** Whether notices are wanted and the browser lets us show them. */
export function maySeeNotices(userId) {
  return noticeSettings(userId).on && globalThis.Notification?.permission === "granted";
}
