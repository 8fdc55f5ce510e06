/** The body of a POST, within the limit. Listeners instead of an async iterator: this runs for every call. */
import type { IncomingMessage } from "node:http";
import { bodyLimitBytes, HttpError } from "../../http/serve.ts";

export function readBodyText(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bodyLimitBytes) chunks.push(chunk);
      else reject(new HttpError(413, `The request body exceeds ${bodyLimitBytes} bytes.`, { connection: "close" }));
    });
    request.on("end", () => {
      const whole = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      resolve(whole.toString("utf8"));
    });
    request.on("close", () => {
      if (!request.complete) reject(new HttpError(400, "The connection closed before the whole body arrived."));
    });
  });
}
