import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { LabError, messageOf } from "../../lab/lab-error.ts";
import type { HostFiles } from "../../lab/service/bundles/bundle-service.ts";
import type { FileService } from "../files/file-service.ts";

export const UPLOADS_PATH = "/uploads";
export const DOWNLOADS_PATH = "/downloads/";

/** In a browser, exports are downloaded and imports are uploaded. */
export function browserFiles(files: FileService): HostFiles {
  return {
    async open(fileName) {
      const { file, offer } = files.reserve();
      return {
        file,
        done: (bytes) => ({ kind: "download", fileName, bytes, address: `${DOWNLOADS_PATH}${offer(fileName)}` }),
      };
    },
    choose: () => Promise.reject(new LabError("unsupported", "this host cannot open a dialog: use the page's own")),
    chooseStack: () =>
      Promise.reject(
        new LabError("unsupported", "this host cannot open a dialog", {
          hint: "name the file when the lab is started: npm start -- --stack FILE",
        }),
      ),
    find: (upload) => files.find(upload),
  };
}

/** Receives a file that the page uploads. */
export async function answerUpload(
  request: IncomingMessage,
  response: ServerResponse,
  files: FileService,
): Promise<void> {
  try {
    const upload = await files.receive(request, nameIn(request.headers["x-file-name"]));
    response.end(JSON.stringify(upload));
  } catch (error) {
    if (response.destroyed) return;
    response.statusCode = error instanceof LabError ? 413 : 500;
    response.shouldKeepAlive = false;
    response.end(messageOf(error));
  }
}

/** Sends a file that was offered, once. */
export async function answerDownload(id: string, response: ServerResponse, files: FileService): Promise<void> {
  const taken = files.take(id);
  if (taken === undefined) {
    response.statusCode = 404;
    response.end("This file has been downloaded already or has expired. Export it again.\n");
    return;
  }
  const { size } = await stat(taken.file);
  const name = encodeURIComponent(taken.fileName);
  response.setHeader("content-type", taken.fileName.endsWith(".zip") ? "application/zip" : "application/octet-stream");
  response.setHeader("content-length", size);
  response.setHeader("content-disposition", `attachment; filename*=UTF-8''${name}`);
  try {
    await pipeline(createReadStream(taken.file), response);
  } catch {
    // The browser cancelled the download; the runs can be exported again.
  } finally {
    await taken.discard();
  }
}

function nameIn(header: string | string[] | undefined): string {
  try {
    return decodeURIComponent(String(header ?? "bundle.zip"));
  } catch {
    return "bundle.zip";
  }
}
