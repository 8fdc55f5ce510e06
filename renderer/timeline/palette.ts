import { TONES, type Tone } from "../../electron/model/tone.ts";

/** The colours of one theme, read from the page's style sheet at each theme change: a canvas cannot use CSS variables. */
export interface TimelinePalette {
  solid: Record<Tone, string>;
  soft: Record<Tone, string>;
  /** Of the series of a plot, in their order. */
  series: readonly string[];
  text: string;
  textSoft: string;
  onSolid: string;
  grid: string;
  idle: string;
  veil: string;
  selection: string;
  font: string;
}

const FONT_PX = 12;
/** Colours for series; a plot with more uses them again, with other shapes. */
export const SERIES = 6;

/** @param scale of the font, above 1 in presenter mode */
export function readPalette(element: Element, scale: number): TimelinePalette {
  const style = getComputedStyle(element);
  const probe = document.createElement("span");
  element.append(probe);
  // Custom properties keep light-dark() unresolved; the colour property of an element resolves it.
  const resolve = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const tones = (prefix: string) =>
    Object.fromEntries(
      TONES.map((tone) => [tone, resolve(`${prefix}${tone.replaceAll("_", "-").toLowerCase()}`)]),
    ) as Record<Tone, string>;
  const palette: TimelinePalette = {
    solid: tones("--tone-"),
    soft: tones("--tone-soft-"),
    series: Array.from({ length: SERIES }, (_, at) => resolve(`--series-${at + 1}`)),
    text: resolve("--ink"),
    textSoft: resolve("--ink-soft"),
    onSolid: resolve("--ink-on-solid"),
    grid: resolve("--timeline-grid"),
    idle: resolve("--timeline-idle"),
    veil: resolve("--timeline-veil"),
    selection: resolve("--accent-strong"),
    font: `${Math.round(FONT_PX * scale)}px ${style.getPropertyValue("--font-sans")}`,
  };
  probe.remove();
  return palette;
}
