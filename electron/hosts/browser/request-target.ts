/**
 * Path and query of a request's target, or undefined for one that no page asks for: another server's address, `*`, a path
 * that begins with two slashes and so would be read as a host's name, backslashes, which would be read as slashes, or
 * what is no address at all.
 */
export function requestTarget(
  target: string | undefined,
): { pathname: string; searchParams: URLSearchParams } | undefined {
  if (target === undefined || !/^\/(?!\/)[^\\]*$/.test(target)) return undefined;
  const base = "http://127.0.0.1";
  return URL.canParse(target, base) ? new URL(target, base) : undefined;
}
