import { useEffect, useRef, useState } from "react";

/**
 * Blocks navigation while text is unsaved, until the person decides. In browsers without the Navigation API the text is
 * restored from its draft.
 */
export function useUnsavedGuard(isUnsaved: boolean) {
  const [wanted, setWanted] = useState<string>();
  const isOn = useRef(isUnsaved);
  isOn.current = isUnsaved;

  useEffect(() => {
    // Before the address changes: later, parts of the page that read it may already show the new route.
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
    /** The blocked route, if any. */
    wanted,
    stay: () => setWanted(undefined),
    /** Continues the navigation, to that or another route. */
    leave: (to: string) => {
      isOn.current = false;
      setWanted(undefined);
      window.location.hash = to;
    },
  };
}
