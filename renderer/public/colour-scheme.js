// Runs before the first paint, so that a dark page never flashes light. A separate file, since the page's content
// security policy forbids inline scripts.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("resilience-lab:colour-scheme");
  } catch {
    // Storage may be forbidden; the system's choice is used then.
  }
  const isDark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", isDark ? "dark" : "light");
})();
