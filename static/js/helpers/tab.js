// What the browser's tab says of unread messages: a number before the title, a dot on the icon.
const COUNT_BEFORE = /^\(\d+\+?\) /;
const DOT = { unread: "#c2410c", called: "#dc2626" };

const icon = document.querySelector("link[rel=icon]");
const plainIcon = icon.href;
let drawing;
let shown = "";

/** `count` is a number or a text like "99+"; `isCalled` says that I am mentioned. */
export async function showInTab({ count, isCalled }) {
  const title = document.title.replace(COUNT_BEFORE, "");
  document.title = count ? `(${count}) ${title}` : title;
  const dot = count ? (isCalled ? "called" : "unread") : "";
  if (dot === shown) return;
  shown = dot;
  const href = dot ? await withDot(dot) : plainIcon;
  if (dot === shown) icon.href = href;
}

async function withDot(dot) {
  try {
    drawing ??= await (await fetch(plainIcon)).text();
  } catch {
    return plainIcon;
  }
  const radius = dot === "called" ? 7 : 5;
  const circle = `<circle cx="${24 - radius}" cy="${radius}" r="${radius}" fill="${DOT[dot]}"/>`;
  return `data:image/svg+xml,${encodeURIComponent(drawing.replace("</svg>", `${circle}</svg>`))}`;
}
