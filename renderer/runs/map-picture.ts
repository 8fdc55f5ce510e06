import { svgFile, svgText } from "../timeline/svg-context.ts";

/** What the style sheet says of a shape, which a file has to say itself. */
const STYLED = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "paint-order",
  "text-anchor",
  "font-size",
  "font-weight",
  "font-family",
] as const;
const WORDS_PER_LINE_CHARS = 24;
const WORD_LINES = 5;

/** The map as it is shown, as a file of its own. */
export function mapSvg(map: SVGSVGElement): string {
  const { x, y, width, height } = map.viewBox.baseVal;
  const copy = map.cloneNode(true) as SVGSVGElement;
  const shown = [...map.querySelectorAll("*")];
  for (const [at, element] of [...copy.querySelectorAll("*")].entries()) {
    const original = shown[at];
    if (original === undefined) continue;
    const style = getComputedStyle(original);
    for (const name of STYLED) element.setAttribute(name, style.getPropertyValue(name));
    if (style.offsetPath !== "none") place(element, original, map);
    for (const name of ["class", "style"]) element.removeAttribute(name);
  }
  for (const words of copy.querySelectorAll("foreignObject")) words.outerHTML = linesOf(words, map);
  const { backgroundColor } = getComputedStyle(map.closest("section") ?? map);
  const scale = 2;
  return svgFile({ width: width * scale, height: height * scale }, backgroundColor, [
    `<g transform="scale(${scale}) translate(${-x} ${-y})">${copy.innerHTML}</g>`,
  ]);
}

/** A dot travels by its style; in the file it stands where it is now. */
function place(dot: Element, shown: Element, map: SVGSVGElement): void {
  const box = shown.getBoundingClientRect();
  const toMap = map.getScreenCTM()?.inverse();
  const centre = new DOMPoint(box.left + box.width / 2, box.top + box.height / 2).matrixTransform(toMap);
  dot.setAttribute("cx", String(centre.x));
  dot.setAttribute("cy", String(centre.y));
}

/** Words in a box of HTML, which other programs do not draw. */
function linesOf(box: Element, map: SVGSVGElement): string {
  const [left, top] = [Number(box.getAttribute("x")), Number(box.getAttribute("y"))];
  const lines: string[] = [""];
  for (const word of (box.textContent ?? "").split(/\s+/)) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && last.length + word.length > WORDS_PER_LINE_CHARS) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  const { color, fontFamily } = getComputedStyle(map);
  return lines
    .slice(0, WORD_LINES)
    .map((line, at) => svgText(line, { x: left, y: top + 10 + at * 17, fill: color, font: `13px ${fontFamily}` }))
    .join("");
}
