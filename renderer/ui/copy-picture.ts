import { copyText } from "./copy-text.ts";

export type PictureFormat = "png" | "svg";

/** Pixels of a PNG for each of the page's: sharp on a projector. */
const PNG_SCALE = 2;
/** Beyond it browsers draw nothing. */
const PNG_SIDE_LIMIT = 16_000;

/**
 * Copies a picture to the clipboard, an SVG as its text. Where the clipboard refuses it, it is saved as a file.
 * @returns what was done
 */
export async function copyPicture(svg: string, format: PictureFormat, fileName: string): Promise<"copied" | "saved"> {
  const picture = format === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await pngOf(svg);
  try {
    if (format === "svg") await copyText(svg);
    else await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
    return "copied";
  } catch {
    save(picture, `${fileName}.${format}`);
    return "saved";
  }
}

async function pngOf(svg: string): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const scale = Math.min(PNG_SCALE, PNG_SIDE_LIMIT / Math.max(image.width, image.height, 1));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.round(image.width * scale), Math.round(image.height * scale)];
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const { promise, resolve, reject } = Promise.withResolvers<Blob>();
    canvas.toBlob((blob) => (blob === null ? reject(new Error("the picture is too large")) : resolve(blob)));
    return await promise;
  } finally {
    URL.revokeObjectURL(address);
  }
}

function save(blob: Blob, fileName: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  // The browser has taken it by then; meanwhile the address must stay.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
