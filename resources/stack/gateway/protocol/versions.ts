/** The protocol revisions that the gateway speaks over Streamable HTTP, newest first: those of the official SDK. */
export const protocolVersions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"] as const;
export type ProtocolVersion = (typeof protocolVersions)[number];

export const latestVersion: ProtocolVersion = "2025-11-25";

export function supportedVersion(text: unknown): ProtocolVersion | undefined {
  return protocolVersions.find((version) => version === text);
}

/**
 * Whether a client that disconnects has cancelled its requests. Streamable HTTP says since its first revision that it has not:
 * notifications/cancelled does. Before, the connection was the session.
 */
export function disconnectCancels(version: ProtocolVersion): boolean {
  return version < "2025-03-26";
}
