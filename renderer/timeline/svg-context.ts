/** What is drawn with of a canvas: the same drawing becomes pixels or SVG. */
export type DrawingContext = Pick<
  CanvasRenderingContext2D,
  | "beginPath"
  | "clearRect"
  | "clip"
  | "fillRect"
  | "fillStyle"
  | "fillText"
  | "font"
  | "globalAlpha"
  | "lineTo"
  | "lineWidth"
  | "measureText"
  | "moveTo"
  | "rect"
  | "restore"
  | "save"
  | "stroke"
  | "strokeRect"
  | "strokeStyle"
  | "textBaseline"
>;

interface State {
  fillStyle: DrawingContext["fillStyle"];
  strokeStyle: DrawingContext["strokeStyle"];
  lineWidth: number;
  globalAlpha: number;
  font: string;
  textBaseline: CanvasTextBaseline;
  clip: string;
}

/** A context that writes SVG elements. Texts are measured by a canvas. */
export class SvgContext implements DrawingContext {
  readonly elements: string[] = [];
  readonly #measuring: CanvasRenderingContext2D;
  readonly #saved: State[] = [];
  fillStyle: DrawingContext["fillStyle"] = "#000";
  strokeStyle: DrawingContext["strokeStyle"] = "#000";
  lineWidth = 1;
  globalAlpha = 1;
  textBaseline: CanvasTextBaseline = "alphabetic";
  #path = "";
  #clip = "";
  #clips = 0;

  constructor(measuring: CanvasRenderingContext2D) {
    this.#measuring = measuring;
  }

  get font(): string {
    return this.#measuring.font;
  }

  set font(font: string) {
    this.#measuring.font = font;
  }

  measureText(text: string): TextMetrics {
    return this.#measuring.measureText(text);
  }

  /** The drawing has its own ground. */
  clearRect(): void {}

  fillRect(x: number, y: number, width: number, height: number): void {
    this.#add(
      "rect",
      `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${this.fillStyle}"`,
    );
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    const place = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
    this.#add("rect", `${place} fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}"`);
  }

  fillText(text: string, x: number, y: number): void {
    this.elements.push(svgText(text, { x, y, fill: String(this.fillStyle), font: this.font, alpha: this.globalAlpha }));
  }

  beginPath(): void {
    this.#path = "";
  }

  moveTo(x: number, y: number): void {
    this.#path += `M${round(x)} ${round(y)}`;
  }

  lineTo(x: number, y: number): void {
    this.#path += `L${round(x)} ${round(y)}`;
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.#path += `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}z`;
  }

  clip(): void {
    const id = `clip-${++this.#clips}`;
    this.elements.push(`<clipPath id="${id}"><path d="${this.#path}"/></clipPath>`);
    this.#clip = id;
  }

  stroke(): void {
    this.#add("path", `d="${this.#path}" fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}"`);
  }

  save(): void {
    const { fillStyle, strokeStyle, lineWidth, globalAlpha, font, textBaseline } = this;
    this.#saved.push({ fillStyle, strokeStyle, lineWidth, globalAlpha, font, textBaseline, clip: this.#clip });
  }

  restore(): void {
    const { clip, ...state } = this.#saved.pop() ?? { clip: this.#clip };
    Object.assign(this, state);
    this.#clip = clip;
  }

  #add(name: string, attributes: string): void {
    const alpha = this.globalAlpha === 1 ? "" : ` opacity="${this.globalAlpha}"`;
    const clip = this.#clip === "" ? "" : ` clip-path="url(#${this.#clip})"`;
    this.elements.push(`<${name} ${attributes}${alpha}${clip}/>`);
  }
}

interface TextPlace {
  x: number;
  /** The middle of the line. */
  y: number;
  fill: string;
  /** As a canvas has it. */
  font: string;
  alpha?: number;
}

/** Without a style attribute, which policies of pages that show the file may refuse. */
export function svgText(text: string, { x, y, fill, font, alpha = 1 }: TextPlace): string {
  const [, weight = "400", size = "12px", family = "sans-serif"] = FONT.exec(font) ?? [];
  const type = `font-weight="${weight}" font-size="${size}" font-family="${escaped(family.replaceAll('"', "'"))}"`;
  const opacity = alpha === 1 ? "" : ` opacity="${alpha}"`;
  const place = `x="${round(x)}" y="${round(y)}" dominant-baseline="central"`;
  return `<text ${place} fill="${fill}"${opacity} ${type} xml:space="preserve">${escaped(text)}</text>`;
}

/** Weight, size and family of a canvas's font. */
const FONT = /^(?:(\w+) )?([\d.]+px) (.+)$/;

/** The texts of an element of the page, where they stand. */
export function textsOf(element: Element, origin: { left: number; top: number }): string[] {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const texts: string[] = [];
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const { parentElement: parent, textContent: text } = node;
    if (parent === null || text === null || text.trim() === "") continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const { color, fontWeight, fontSize, fontFamily } = getComputedStyle(parent);
    const place = { x: box.left - origin.left, y: box.top - origin.top + box.height / 2 };
    texts.push(svgText(text, { ...place, fill: color, font: `${fontWeight} ${fontSize} ${fontFamily}` }));
  }
  return texts;
}

/** A whole SVG file on a ground of one colour. */
export function svgFile(size: { width: number; height: number }, ground: string, content: readonly string[]): string {
  const [width, height] = [Math.ceil(size.width), Math.ceil(size.height)];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="${width}" height="${height}" fill="${ground}"/>
${content.join("\n")}
</svg>
`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escaped(text: string): string {
  return text.toWellFormed().replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
