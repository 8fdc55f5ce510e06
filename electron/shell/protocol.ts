import { randomBytes } from "node:crypto";
import { protocol } from "electron";
import { PageFiles } from "../hosts/page/page-files.ts";
import { securityHeaders } from "../hosts/page/page-policy.ts";
import type { Shell } from "./shell.ts";

const SCHEME = "app";
const HOST = "lab";
export const PAGE_ADDRESS = `${SCHEME}://${HOST}/`;

/** A page of the lab itself, and of no other address. */
export function isPageAddress(address: string): boolean {
  return address.startsWith(PAGE_ADDRESS);
}

export function registerScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, codeCache: true };
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges }]);
}

/** Serves the built page, and nothing else of the disk. @throws LabError when it has not been built */
export function register({ pageFolder }: Shell): void {
  const files = new PageFiles(pageFolder);
  protocol.handle(SCHEME, async (request) => {
    const nonce = randomBytes(16).toString("base64");
    const headers = securityHeaders(nonce);
    const { host, pathname } = new URL(request.url);
    if (host !== HOST) return new Response("There is no such host.", { status: 404, headers });
    if (request.method !== "GET") return new Response("Only GET is answered.", { status: 405, headers });
    const file = await files.read(pathname, nonce);
    if (file === undefined) return new Response("There is no such file.", { status: 404, headers });
    return new Response(file.body, { headers: { ...headers, "content-type": file.type, "cache-control": "no-store" } });
  });
}
