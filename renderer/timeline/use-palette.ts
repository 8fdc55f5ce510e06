import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { type RefObject, useLayoutEffect, useState } from "react";
import { readPalette, type TimelinePalette } from "./palette.ts";

/** The timeline's colours in the current theme, read again when it changes. */
export function usePalette(element: RefObject<HTMLElement | null>, scale: number): TimelinePalette | undefined {
  const scheme = useComputedColorScheme("light");
  const { colorScheme } = useMantineColorScheme();
  const [palette, setPalette] = useState<TimelinePalette>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the style sheet's colours depend on the scheme
  useLayoutEffect(() => {
    if (element.current !== null) setPalette(readPalette(element.current, scale));
  }, [element, scale, scheme, colorScheme]);
  return palette;
}
