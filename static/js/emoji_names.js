// Completes :name: to the emoji of that name, in the reader's language and in English.
const MOST = 8;

export const emojiNames = {
  key: ":",
  least: 2,

  async find(text) {
    const { findEmoji, loadEmoji } = await import("projchat/emoji");
    return findEmoji(await loadEmoji(), text, MOST).map(asMatch);
  },

  async exact(text) {
    const [best] = await this.find(text);
    return best?.names.includes(text.toLowerCase()) ? best : null;
  },
};

function asMatch({ emoji, name, words }) {
  return { value: emoji, picture: emoji, words: name, names: words, detail: `:${words[0]}:` };
}
