// How large a file is, in the reader's own way of writing it.
import { locale } from "projchat/i18n";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];
const STEP = 1024;

/** 1.2 MB */
export function sizeOf(bytes) {
  let [size, unit] = [bytes, 0];
  while (size >= STEP && unit < UNITS.length - 1) {
    size /= STEP;
    unit += 1;
  }
  const maximumFractionDigits = size < 10 && unit > 0 ? 1 : 0;
  const style = { style: "unit", unit: UNITS[unit], unitDisplay: "short", maximumFractionDigits };
  return new Intl.NumberFormat(locale, style).format(size);
}
