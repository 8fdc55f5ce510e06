/** The content negotiation that Streamable HTTP needs. */
export interface Accepted {
  json: boolean;
  /** Only if named: a plain HTTP client that sends a wildcard does not expect a stream. */
  eventStream: boolean;
}

export function readAccept(header: string | undefined): Accepted {
  if (header === undefined) return { json: true, eventStream: false };
  const types = header.split(",").map((entry) => entry.split(";", 1)[0]?.trim().toLowerCase());
  return {
    json: types.some((type) => type === "application/json" || type === "application/*" || type === "*/*"),
    eventStream: types.includes("text/event-stream"),
  };
}

export function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType ?? "");
}
