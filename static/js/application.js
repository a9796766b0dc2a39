// Starts Stimulus. A controller's module loads when its name first appears in the page, so a page
// pays only for the behaviour it has: "message-list" is projchat/controllers/message_list.
import { Application } from "@hotwired/stimulus";

const application = Application.start();
const known = new Set();

loadControllersIn(document.documentElement);
watchForNewControllers();

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
