/** The protocol revisions that the gateway supports, newest first. */
export const protocolVersions = ["2025-11-25", "2025-06-18", "2025-03-26"] as const;
export type ProtocolVersion = (typeof protocolVersions)[number];

export const latestVersion: ProtocolVersion = "2025-11-25";

export function supportedVersion(text: unknown): ProtocolVersion | undefined {
  return protocolVersions.find((version) => version === text);
}
