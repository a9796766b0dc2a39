// What the page knows of the emoji, fetched when it is first needed: names, words and groups in
// the reader's language. No DOM beyond the address of that.

const RECENT_KEY = "projchat.emoji";
const MOST_RECENT = 16;
const FIRST = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀"];

let loading;

/** All emoji: `{emoji, name, words, group}`. */
export function loadEmoji() {
  loading ??= fetchEmoji().catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** The best matches of what somebody types, by the beginnings of words before their middles. */
export function findEmoji(list, query, most) {
  const wanted = plain(query).replaceAll(" ", "_");
  const ranked = list
    .map((each) => ({ each, rank: rankOf(each, wanted) }))
    .filter(({ rank }) => rank < Number.POSITIVE_INFINITY);
  ranked.sort((one, other) => one.rank - other.rank);
  return ranked.slice(0, most).map(({ each }) => each);
}

/** The emoji this browser used last. */
export function recentEmoji() {
  try {
    return JSON.parse(localStorage.getItem(RECENT_KEY)) ?? FIRST;
  } catch {
    return FIRST;
  }
}

export function rememberEmoji(emoji) {
  const recent = [emoji, ...recentEmoji().filter((other) => other !== emoji)];
  try {
    localStorage.setItem(RECENT_KEY, JSON.stringify(recent.slice(0, MOST_RECENT)));
  } catch {
    // Without storage the same ones are offered again.
  }
}

async function fetchEmoji() {
  const response = await fetch(document.getElementById("emoji-template").dataset.source);
  if (!response.ok) throw new Error(response.statusText);
  const rows = await response.json();
  return rows.map(([emoji, name, words, group]) => ({
    emoji,
    name,
    group,
    words: plain(`${name.replaceAll(" ", "_")} ${words}`).split(" "),
  }));
}

/** The more of a word is typed the better, and the better the earlier the word stands. */
function rankOf({ words }, wanted) {
  const ranks = words.map((word, index) => {
    if (!word.startsWith(wanted)) return word.includes(wanted) ? 100 : Number.POSITIVE_INFINITY;
    return (word.length - wanted.length) / 100 + index / 1000;
  });
  return Math.min(...ranks);
}

function plain(text) {
  return text.trim().toLowerCase().replaceAll("ё", "е");
}
