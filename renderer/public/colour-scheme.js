// Runs before the first paint, so that a dark page never flashes light. A file of its own, since the page's content
// security policy allows no inline script.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("resilience-lab:colour-scheme");
  } catch {
    // Storage may be forbidden; the system's choice is then the best known.
  }
  const isDark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", isDark ? "dark" : "light");
})();
