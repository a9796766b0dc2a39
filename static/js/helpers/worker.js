// The service worker of this browser: it shows notices, and opens projects without a network.
const PATH = "/sw.js";

let registered;

/** Its registration; null where the browser has none, or forbids it. */
export function worker() {
  registered ??= register();
  return registered;
}

async function register() {
  try {
    const made = await navigator.serviceWorker.register(PATH);
    return made ? await navigator.serviceWorker.ready : null;
  } catch {
    return null;
  }
}
