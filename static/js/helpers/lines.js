/** Where the lines begin and end that hold a part of `text`; a break at its end leads no further. */
export function linesAround(text, start, end) {
  const last = end > start && text[end - 1] === "\n" ? end - 1 : end;
  const after = text.indexOf("\n", last);
  return [text.slice(0, start).lastIndexOf("\n") + 1, after < 0 ? text.length : after];
}
