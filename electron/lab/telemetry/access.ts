import { createHash, timingSafeEqual } from "node:crypto";

/** Whether a request may send: always where no token is set. @param authorization the header */
export function isAuthorized(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return true;
  const given = /^bearer (.+)$/i.exec(authorization ?? "")?.[1]?.trim();
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
