import { useEffect, useRef } from "react";

/** Controls that take Space themselves, or text. */
const TAKES_SPACE = "button, a, input, textarea, select, summary, [contenteditable], [role=tab], [role=slider]";

/** Space, or the Page Down of a remote, goes on to what comes next. Without a handler the keys are the page's. */
export function useGoOn(goOn: (() => void) | undefined): void {
  const latest = useRef(goOn);
  latest.current = goOn;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      if (event.defaultPrevented || event.repeat || target?.closest("[role=dialog], [role=menu]")) return;
      const isNext = event.key === "PageDown" || (event.key === " " && !target?.matches(TAKES_SPACE));
      if (!isNext || latest.current === undefined) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
