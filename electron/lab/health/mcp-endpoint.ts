/** Where a server speaks MCP, and what each request to it carries besides its own headers, such as an authorization. */
export interface McpEndpoint {
  url: string;
  headers: Readonly<Record<string, string>>;
}

/** Whether a server that answers a POST so may speak HTTP+SSE, the transport before 2025-03-26: MCP has clients try it then. */
export function mayBeOlder(status: number | undefined): boolean {
  return status === 400 || status === 404 || status === 405;
}

export function isUnauthorized(status: number | undefined): boolean {
  return status === 401 || status === 403;
}

/** @param status one that {@link isUnauthorized} */
export function unauthorized(status: number): string {
  return `answers HTTP ${status}: it wants authorization (x-lab.headers)`;
}
