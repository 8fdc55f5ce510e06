import type { IncomingMessage } from "node:http";

/**
 * Whether a request comes from the lab's own page on this machine. The Host must be this listener, so that DNS rebinding
 * is refused; an Origin, if present, must be the page's own.
 */
export function isFromHere(request: IncomingMessage, port: number, options: { needsOrigin: boolean }): boolean {
  const { host, origin } = request.headers;
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (host === undefined || !hosts.includes(host)) return false;
  if (origin === undefined) return !options.needsOrigin;
  return origin === `http://${host}`;
}

/** Another site may only link here: its images, frames and scripts are refused. */
export function isForeignEmbedding(request: IncomingMessage): boolean {
  const site = request.headers["sec-fetch-site"];
  const mode = request.headers["sec-fetch-mode"];
  if (site === undefined || site === "same-origin" || site === "none") return false;
  return mode !== "navigate" || request.headers["sec-fetch-dest"] !== "document";
}
