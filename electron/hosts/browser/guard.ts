import type { IncomingMessage } from "node:http";

/**
 * Whether a request comes from the lab's own page on this machine. The Host names this listener, so that a name which
 * was made to point here (DNS rebinding) is refused; an Origin, where there is one, is the page's own.
 */
export function isFromHere(request: IncomingMessage, port: number, options: { needsOrigin: boolean }): boolean {
  const { host, origin } = request.headers;
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (host === undefined || !hosts.includes(host)) return false;
  if (origin === undefined) return !options.needsOrigin;
  return origin === `http://${host}`;
}

/** Another site's page may link here, and nothing else: no image, frame or script of it is answered. */
export function isForeignEmbedding(request: IncomingMessage): boolean {
  const site = request.headers["sec-fetch-site"];
  const mode = request.headers["sec-fetch-mode"];
  if (site === undefined || site === "same-origin" || site === "none") return false;
  return mode !== "navigate" || request.headers["sec-fetch-dest"] !== "document";
}
