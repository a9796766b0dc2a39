const GAP = 4;

/** Puts an open popover beside what opened it, above it where there is room. */
export function placeBeside(box, opener) {
  const { top, bottom, left, right } = opener.getBoundingClientRect();
  const { offsetHeight, offsetWidth } = box;
  const above = top - offsetHeight - GAP;
  const middle = (left + right - offsetWidth) / 2;
  box.style.top = `${above > GAP ? above : bottom + GAP}px`;
  box.style.left = `${Math.min(Math.max(GAP, middle), innerWidth - offsetWidth - GAP)}px`;
}
