// The files of a message: pictures to look at, others to download.
import { sizeOf } from "projchat/helpers/sizes";
import { t } from "projchat/i18n";

const WIDEST = 320;
const HIGHEST = 240;
const LONGEST_EXTENSION = 5;

/** Shows files in an element of their own; the same ones stay as they are. */
export function showAttachments(box, attachments) {
  const ids = attachments.map(({ id }) => id).join();
  box.hidden = attachments.length === 0;
  if ((box.dataset.ids ?? "") === ids) return;
  box.dataset.ids = ids;
  box.replaceChildren(...attachments.map(elementOf));
}

/** PDF · 1.2 MB */
export function kindOf({ name, size }) {
  const extension = name.includes(".") ? name.split(".").at(-1) : "";
  const isKind = extension.length > 0 && extension.length <= LONGEST_EXTENSION;
  const kind = isKind ? extension.toUpperCase() : t("File");
  return `${kind} · ${sizeOf(size)}`;
}

function elementOf(attachment) {
  return attachment.thumbnailUrl ? pictureOf(attachment) : fileOf(attachment);
}

/** Its place has its size before the picture is there, so that nothing moves. */
function pictureOf({ name, url, thumbnailUrl, width, height }) {
  const link = copyOf("picture-template");
  const scale = Math.min(1, WIDEST / width, HIGHEST / height);
  const image = link.querySelector("img");
  image.width = Math.max(1, Math.round(width * scale));
  image.height = Math.max(1, Math.round(height * scale));
  // By itself the image would go over to the shape of its thumbnail, half a pixel off.
  image.style.aspectRatio = `${width} / ${height}`;
  image.alt = name;
  image.src = thumbnailUrl;
  link.href = url;
  Object.assign(link.dataset, { width, height, name });
  return link;
}

function fileOf(attachment) {
  const link = copyOf("file-template");
  link.href = attachment.url;
  link.download = attachment.name;
  link.querySelector(".file__name").textContent = attachment.name;
  link.querySelector(".file__kind").textContent = kindOf(attachment);
  return link;
}

function copyOf(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}
