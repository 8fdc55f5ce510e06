/**
 * The body of a POST as text, within the limit also after decompression: a call's arguments are stored with its decision.
 * Listeners instead of an async iterator: this runs for every call.
 */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { headerOf } from "../../http/messages.ts";
import { bodyLimitBytes, HttpError } from "../../http/serve.ts";

type Decompress = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const decompressions: Readonly<Record<string, Decompress>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** Rejects with HttpError: 413 above the limit, 415 for an unknown encoding, 400 if the bytes are not in the named one. */
export async function readBodyText(request: IncomingMessage): Promise<string> {
  const encoding = headerOf(request, "content-encoding")?.toLowerCase() ?? "identity";
  const bytes = await readBytes(request);
  const text = (encoding === "identity" ? bytes : await decompressed(bytes, encoding)).toString("utf8");
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bodyLimitBytes) chunks.push(chunk);
      else reject(tooLarge());
    });
    request.on("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.on("close", () => {
      if (!request.complete) reject(new HttpError(400, "The connection closed before the whole body arrived."));
    });
  });
}

async function decompressed(bytes: Buffer, encoding: string): Promise<Buffer> {
  const decompress = Object.hasOwn(decompressions, encoding) ? decompressions[encoding] : undefined;
  if (!decompress) {
    throw new HttpError(415, "Content-Encoding is not supported. Send the body as it is, or in gzip, deflate or br.");
  }
  try {
    return await decompress(bytes, { maxOutputLength: bodyLimitBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    throw new HttpError(400, `The body is not in ${encoding}, which Content-Encoding names.`);
  }
}

function tooLarge(): HttpError {
  return new HttpError(413, `The request body exceeds ${bodyLimitBytes} bytes.`, { connection: "close" });
}
