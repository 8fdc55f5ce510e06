/** The service that a link leads to: `payments-mcp` of `gateway->payments-mcp`; a service's own name for a service. */
export function calleeOf(target: string): string {
  return target.split("->").at(-1) ?? target;
}
