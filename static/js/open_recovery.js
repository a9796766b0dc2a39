// The one recovery that all controllers of this page share.
import { api } from "projchat/api";
import { pageHistory } from "projchat/history";
import { openStore } from "projchat/outbox_store";
import { Recovery } from "projchat/recovery";
import { openRecoveryStore } from "projchat/recovery_store";

let opened;

export function recovery() {
  opened ??= new Recovery({
    viewer: { id: Number(metaOf("viewer")), username: metaOf("viewer-username") },
    history: pageHistory(),
    store: openRecoveryStore(),
    outbox: openStore(),
    drafts: () => localStorage,
    call: api,
  });
  return opened;
}

function metaOf(name) {
  return document.querySelector(`meta[name=${name}]`).content;
}
