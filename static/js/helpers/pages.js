import { api } from "projchat/api";

/** All pages of an answer that ends at a number of bytes; `last` is where a page ends. */
export async function* pagesBefore(path, last) {
  let query = "";
  let page;
  do {
    page = await api("GET", path + query);
    yield page;
    if (page.hasMore) query = `?before=${encodeURIComponent(last(page))}`;
  } while (page.hasMore);
}
