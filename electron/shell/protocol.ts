import { randomBytes } from "node:crypto";
import { protocol } from "electron";
import type { FileService } from "../hosts/files/file-service.ts";
import { PageFiles } from "../hosts/page/page-files.ts";
import { securityHeaders } from "../hosts/page/page-policy.ts";
import { LabError, messageOf } from "../lab/lab-error.ts";
import type { Shell } from "./shell.ts";

const SCHEME = "app";
const HOST = "lab";
export const PAGE_ADDRESS = `${SCHEME}://${HOST}/`;

/** Whether the address is a page of the lab itself. */
export function isPageAddress(address: string): boolean {
  return address.startsWith(PAGE_ADDRESS);
}

export function registerScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, codeCache: true };
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges }]);
}

/** Serves the built page and no other file. @throws LabError when it has not been built */
export function register({ pageFolder, files }: Shell): void {
  const page = new PageFiles(pageFolder);
  protocol.handle(SCHEME, async (request) => {
    const nonce = randomBytes(16).toString("base64");
    const headers = securityHeaders(nonce);
    const { host, pathname } = new URL(request.url);
    if (host !== HOST) return new Response("No such host.", { status: 404, headers });
    if (request.method === "POST" && pathname === "/uploads") return takeIn(request, files, headers);
    if (request.method !== "GET") return new Response("Only GET is answered.", { status: 405, headers });
    const file = await page.read(pathname, nonce);
    if (file === undefined) return new Response("No such file.", { status: 404, headers });
    return new Response(file.body, { headers: { ...headers, "content-type": file.type, "cache-control": "no-store" } });
  });
}

/** Receives a file dropped on the window or chosen in the page. Only a page of this scheme can send one. */
async function takeIn(request: Request, files: FileService, headers: Record<string, string>): Promise<Response> {
  const name = request.headers.get("x-file-name") ?? "bundle.zip";
  try {
    const body = (request.body ?? new Blob([]).stream()) as AsyncIterable<Uint8Array>;
    return Response.json(await files.receive(body, decodeURIComponent(name)), { headers });
  } catch (error) {
    const status = error instanceof LabError ? 413 : 500;
    return new Response(messageOf(error), { status, headers });
  }
}
