// A classic script in the head: it runs before the first paint, so a chosen theme never flashes.
(() => {
  try {
    const theme = localStorage.getItem("projchat.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the system's preference then decides.
  }
})();
