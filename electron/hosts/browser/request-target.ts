/**
 * Path and query of a request's target, or undefined for one that no page requests: another server's address, `*`, a
 * path with two leading slashes (parsed as a host name), backslashes (parsed as slashes), or an invalid address.
 */
export function requestTarget(
  target: string | undefined,
): { pathname: string; searchParams: URLSearchParams } | undefined {
  if (target === undefined || !/^\/(?!\/)[^\\]*$/.test(target)) return undefined;
  const base = "http://127.0.0.1";
  return URL.canParse(target, base) ? new URL(target, base) : undefined;
}
