import { useEffect, useRef, useState } from "react";

/**
 * Holds the page where it is while something is unsaved: going elsewhere is put off until a person has said so. Before
 * everything else that listens for a new address, so that nothing of the page is taken away meanwhile.
 */
export function useUnsavedGuard(isUnsaved: boolean) {
  const [wanted, setWanted] = useState<string>();
  const isOn = useRef(isUnsaved);
  isOn.current = isUnsaved;

  useEffect(() => {
    const here = window.location.hash;
    const onHashChange = (event: Event) => {
      const next = window.location.hash;
      if (!isOn.current || next === here) return;
      event.stopImmediatePropagation();
      window.history.replaceState(null, "", here === "" ? "#/scenarios" : here);
      setWanted(next);
    };
    window.addEventListener("hashchange", onHashChange, { capture: true });
    return () => window.removeEventListener("hashchange", onHashChange, { capture: true });
  }, []);

  return {
    /** Where a person wanted to go; undefined while nobody does. */
    wanted,
    stay: () => setWanted(undefined),
    /** Lets the page go on, there or to another place. */
    leave: (to: string) => {
      isOn.current = false;
      setWanted(undefined);
      window.location.hash = to;
    },
  };
}
