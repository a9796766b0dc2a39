// Starts Stimulus. What stands around the chat is here from the start, so that no early click is
// lost; any other controller loads when its name first appears in the page: "message-list" is
// projchat/controllers/message_list.
import { Application } from "@hotwired/stimulus";
import Browser from "projchat/controllers/browser";
import Clipboard from "projchat/controllers/clipboard";
import Dialog from "projchat/controllers/dialog";
import Drawer from "projchat/controllers/drawer";
import Form from "projchat/controllers/form";
import Handover from "projchat/controllers/handover";
import InviteLink from "projchat/controllers/invite_link";
import Invites from "projchat/controllers/invites";
import LocalTime from "projchat/controllers/local_time";
import Locale from "projchat/controllers/locale";
import Logout from "projchat/controllers/logout";
import Mirror from "projchat/controllers/mirror";
import Opener from "projchat/controllers/opener";
import Removal from "projchat/controllers/removal";
import Shortcuts from "projchat/controllers/shortcuts";
import Switcher from "projchat/controllers/switcher";
import Theme from "projchat/controllers/theme";
import Toast from "projchat/controllers/toast";
import Unread from "projchat/controllers/unread";
import { adoptDrafts } from "projchat/drafts";
import { earlierHistory, pageHistory } from "projchat/history";
import { forgetPagesOfOthers } from "projchat/keeper";

const HERE = {
  browser: Browser,
  clipboard: Clipboard,
  dialog: Dialog,
  drawer: Drawer,
  form: Form,
  handover: Handover,
  "invite-link": InviteLink,
  invites: Invites,
  "local-time": LocalTime,
  locale: Locale,
  logout: Logout,
  mirror: Mirror,
  opener: Opener,
  removal: Removal,
  shortcuts: Shortcuts,
  switcher: Switcher,
  theme: Theme,
  toast: Toast,
  unread: Unread,
};

adoptOldDrafts();
forgetPagesOfOthers();
const application = Application.start();
const known = new Set(Object.keys(HERE));

for (const [name, controller] of Object.entries(HERE)) application.register(name, controller);
loadControllersIn(document.documentElement);
watchForNewControllers();

/** What an older version has kept is of the history that this browser knew then, or of this one. */
function adoptOldDrafts() {
  const history = earlierHistory ?? pageHistory();
  try {
    if (history) adoptDrafts(localStorage, history);
  } catch {
    // Without storage there are no drafts.
  }
}

function loadControllersIn(root) {
  for (const element of [root, ...root.querySelectorAll("[data-controller]")]) {
    for (const name of controllerNames(element)) loadOnce(name);
  }
}

function controllerNames(element) {
  return (element.dataset.controller ?? "").split(/\s+/).filter(Boolean);
}

async function loadOnce(name) {
  if (known.has(name)) return;
  known.add(name);
  const module = await import(`projchat/controllers/${name.replaceAll("-", "_")}`);
  application.register(name, module.default);
}

function watchForNewControllers() {
  new MutationObserver((records) => {
    for (const { addedNodes } of records) {
      for (const node of addedNodes) {
        if (node.nodeType === Node.ELEMENT_NODE) loadControllersIn(node);
      }
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
}
