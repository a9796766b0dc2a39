// A person's initials and colour, by the same rule as templates/shared/avatar.html.
const COLOURS = 12;

/** The first letters of the first and the last word of a name. */
export function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words;
  return chosen.map((word) => firstLetter(word)).join("") || "?";
}

/** The number of the colour that belongs to a person. */
export function colour(id) {
  return id % COLOURS;
}

function firstLetter(word) {
  return [...word][0].toUpperCase();
}
