/** A text in pieces, those between marks and those that are marked; marks count characters. */
export function pieces(text, marks) {
  const characters = [...text];
  const found = [];
  let end = 0;
  const add = (from, to, isMarked) => {
    if (from < to) found.push({ text: characters.slice(from, to).join(""), isMarked });
  };
  for (const [from, to] of marks) {
    add(end, from, false);
    add(from, to, true);
    end = to;
  }
  add(end, characters.length, false);
  return found;
}

/** The same as nodes. */
export function markedNodes(text, marks) {
  return pieces(text, marks).map((piece) => {
    if (!piece.isMarked) return document.createTextNode(piece.text);
    const mark = document.createElement("mark");
    mark.textContent = piece.text;
    return mark;
  });
}
