/** Placeholder for a nonce in the built index.html; each host replaces it with a new one at every load. */
export const NONCE_PLACEHOLDER = "__CSP_NONCE__";

/** Only resources of the lab itself, and no inline code; styles that the page creates at run time need the nonce. */
function contentSecurityPolicy(nonce: string, connectTo: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "worker-src 'self'",
    `connect-src 'self'${connectTo && ` ${connectTo}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join("; ");
}

/**
 * Headers of everything that the page is made of.
 *
 * @param connectTo where the page may connect besides its own origin, as the policy writes it
 */
export function securityHeaders(nonce: string, connectTo = ""): Record<string, string> {
  return {
    "content-security-policy": contentSecurityPolicy(nonce, connectTo),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
  };
}
