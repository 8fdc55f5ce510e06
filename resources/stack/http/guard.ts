/**
 * Host and Origin checks for services on loopback. A web page can make a browser send requests to 127.0.0.1, also under
 * its own name that resolves there (DNS rebinding); such a request carries that page's Origin, or that name as its Host.
 * MCP's Streamable HTTP requires this check of servers; node:http does not do it.
 */
import type { IncomingHttpHeaders } from "node:http";

/** The reason for refusing the request; undefined if it is allowed. `allowedHosts`: `name` (any port) or `name:port`. */
export function refusalOf(headers: IncomingHttpHeaders, allowedHosts: readonly string[]): string | undefined {
  if (!isServed(headers.host, allowedHosts)) {
    return `Host ${JSON.stringify(headers.host ?? "")} is not served. Use localhost, or name it in ALLOWED_HOSTS.`;
  }
  if (headers.origin !== undefined && !isServed(hostOfOrigin(headers.origin), allowedHosts)) {
    return `Origin ${JSON.stringify(headers.origin)} is not allowed. Name its host in ALLOWED_HOSTS to allow it.`;
  }
  return undefined;
}

function hostOfOrigin(origin: string): string | undefined {
  const url = URL.parse(origin);
  return url && (url.protocol === "http:" || url.protocol === "https:") ? url.host : undefined;
}

function isServed(host: string | undefined, allowedHosts: readonly string[]): boolean {
  const url = host === undefined || /[/\\@?#\s]/.test(host) ? null : URL.parse(`http://${host}`);
  if (!host || !url) return false;
  const name = url.hostname;
  const isLoopback = name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
  return isLoopback || allowedHosts.some((allowed) => allowed.toLowerCase() === name || allowed === host.toLowerCase());
}
