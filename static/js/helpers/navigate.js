/** Goes to another page of ours; an address that leads elsewhere leads to the start. */
export function goTo(path) {
  const url = new URL(path, location.href);
  location.assign(url.origin === location.origin ? url : "/");
}
