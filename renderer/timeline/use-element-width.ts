import { type RefObject, useLayoutEffect, useState } from "react";

/** 0 until the element is there, which may be later than the component. */
export function useElementWidth(element: RefObject<HTMLElement | null>): number {
  const [current, setCurrent] = useState<HTMLElement | null>(null);
  const [widthPx, setWidthPx] = useState(0);
  // After each rendering: nothing tells when a reference is set.
  useLayoutEffect(() => setCurrent(element.current));
  useLayoutEffect(() => {
    if (current === null) return;
    setWidthPx(current.clientWidth);
    const observer = new ResizeObserver(() => setWidthPx(current.clientWidth));
    observer.observe(current);
    return () => observer.disconnect();
  }, [current]);
  return widthPx;
}
