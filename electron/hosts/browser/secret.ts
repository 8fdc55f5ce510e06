import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 random bits, as text that is safe in an address, a header or a script. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** Digest stored instead of an issued secret: looked up by it, so that no comparison leaks timing. */
export function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

export function isSame(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(digest(a)), Buffer.from(digest(b)));
}
