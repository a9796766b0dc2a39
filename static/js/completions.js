// What can be completed in a text, by the character that begins it. A provider has
//   key         the character: ":" for emoji, "@" for members
//   least       how many characters must follow before it offers anything
//   find(text)  the best matches, or a promise of them: `{value, picture, words, detail}`, where
//               `value` takes the place of what was typed and the others show it
//   exact(text) the match of a word that was closed with the key again, if there can be one
import { emojiNames } from "projchat/emoji_names";
import { memberNames } from "projchat/member_names";

export const providers = [emojiNames, memberNames];

/** What is being completed at the end of `text`: `{provider, word, start, closed}`, or null. */
export function completionIn(text) {
  for (const provider of providers) {
    const found = wordAfter(provider, text);
    if (found) return { provider, ...found };
  }
  return null;
}

/** The word after a provider's key; what stands before it must not be a word itself. */
function wordAfter({ key, least, exact }, text) {
  const end = exact && text.endsWith(key) ? text.length - key.length : text.length;
  const start = text.lastIndexOf(key, end - 1);
  const word = text.slice(start + key.length, end);
  const before = text.slice(0, Math.max(0, start)).at(-1) ?? " ";
  if (start < 0 || word.length < least || /\s/.test(word) || !/[\s([{"«„“]/.test(before))
    return null;
  return { word, start, closed: end < text.length };
}
