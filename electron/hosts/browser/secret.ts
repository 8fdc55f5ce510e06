import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 bits, as text that may stand in an address, a header or a script. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What is kept of a secret that someone else holds: it is looked up by this, so that no comparison tells its length of match. */
export function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

export function isSame(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(digest(a)), Buffer.from(digest(b)));
}
