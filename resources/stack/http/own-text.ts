/**
 * A copy of a short ASCII text in memory of its own, for those that are kept long: a text that was cut out of a larger one
 * keeps that, and one that was joined, such as randomUUID's, its pieces, of 480 bytes.
 */
export function ownText(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
