/** Content negotiation, as far as Streamable HTTP needs it. */
export interface Accepted {
  json: boolean;
  /** Only when named: who sends the wildcard of a plain HTTP client does not expect a stream. */
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
