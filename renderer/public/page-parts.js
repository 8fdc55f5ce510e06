// Browsers cache a failed load of a module: only a reload of the page fetches it again. Each part gets one reload until it
// has loaded. A separate file, since the page's first script may fail to load as well.
(() => {
  const START = "start";
  const TRIES = 5;
  const AGAIN_AFTER_MS = 250;
  let isLoadingAgain = false;
  const keyOf = (part) => `resilience-lab:loaded-again-for:${part}`;

  /** Resolves to false if the page was already reloaded for this part, or the lab does not answer. */
  async function loadAgain(part) {
    try {
      if (isLoadingAgain) return true;
      if (sessionStorage.getItem(keyOf(part)) !== null || !(await labAnswers())) return false;
      sessionStorage.setItem(keyOf(part), "");
      isLoadingAgain = true;
    } catch {
      // Storage may be forbidden: the page would reload without end.
      return false;
    }
    location.reload();
    return true;
  }

  function hasCome(part) {
    try {
      sessionStorage.removeItem(keyOf(part));
    } catch {
      // Storage may be forbidden; then nothing was stored.
    }
  }

  async function labAnswers() {
    for (let tried = 1; tried <= TRIES; tried++) {
      const isThere = await fetch(location.pathname, { cache: "no-store" }).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isThere) return true;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS * tried));
    }
    return false;
  }

  async function startAgain({ target }) {
    const isStyle = target instanceof HTMLLinkElement && target.rel === "stylesheet";
    if (!(isStyle || target instanceof HTMLScriptElement) || (await loadAgain(START))) return;
    const notice = document.createElement("p");
    notice.setAttribute("role", "alert");
    notice.textContent = "The page could not be loaded. Reload it; if that does not help, start the lab again.";
    document.body.prepend(notice);
  }
  addEventListener("error", startAgain, true);

  // A style sheet whose fetch failed has rules, none, before its failure is reported: only its load says that it has come.
  const come = new Set();
  const noteCome = ({ target }) => come.add(target);
  document.addEventListener("load", noteCome, true);

  globalThis.pageParts = {
    loadAgain,
    hasCome,
    /** The script may run before the failure of a style sheet is reported. */
    hasStarted() {
      const over = () => {
        removeEventListener("error", startAgain, true);
        document.removeEventListener("load", noteCome, true);
        hasCome(START);
      };
      const styles = [...document.querySelectorAll('link[rel="stylesheet"]')].filter((link) => !come.has(link));
      let left = styles.length;
      if (left === 0) over();
      for (const style of styles) style.addEventListener("load", () => --left === 0 && over());
    },
  };
})();
