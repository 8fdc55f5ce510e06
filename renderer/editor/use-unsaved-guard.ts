import { useEffect, useRef, useState } from "react";

/**
 * Holds the page where it is while something is unsaved: going elsewhere is put off until a person has said so. Browsers
 * that cannot hold a page find what was written again as a draft.
 */
export function useUnsavedGuard(isUnsaved: boolean) {
  const [wanted, setWanted] = useState<string>();
  const isOn = useRef(isUnsaved);
  isOn.current = isUnsaved;

  useEffect(() => {
    // Before the address has changed: after that, parts of the page that read it may already show the other place.
    if (!("navigation" in window)) return;
    const onNavigate = (event: NavigateEvent) => {
      const { hash } = new URL(event.destination.url);
      if (!isOn.current || !event.hashChange || !event.cancelable || hash === window.location.hash) return;
      event.preventDefault();
      setWanted(hash);
    };
    window.navigation.addEventListener("navigate", onNavigate);
    return () => window.navigation.removeEventListener("navigate", onNavigate);
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
