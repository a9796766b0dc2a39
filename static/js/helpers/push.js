// Web push: what the browser's vendor brings while no page of ours is open.
import { api } from "projchat/api";
import { worker } from "projchat/helpers/worker";

const PATH = "/api/account/push";

/** Subscribes this browser; resolves with whether it can be reached in that way. */
export async function subscribe(showsText, key) {
  try {
    const manager = (await worker()).pushManager;
    const { endpoint, keys } = (await subscription(manager, key)).toJSON();
    await api("POST", PATH, { endpoint, p256dh: keys.p256dh, auth: keys.auth, showsText });
    return true;
  } catch {
    return false;
  }
}

export async function unsubscribe() {
  const subscription = await (await worker())?.pushManager?.getSubscription();
  await Promise.allSettled([subscription?.unsubscribe(), api("DELETE", PATH)]);
}

async function subscription(manager, key) {
  const known = await manager.getSubscription();
  if (known && keyOf(known) === key) return known;
  // It was made for a server with another key, which could not push to it any more.
  await known?.unsubscribe();
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

function keyOf({ options }) {
  const bytes = String.fromCharCode(...new Uint8Array(options.applicationServerKey));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
