/** What styles made at run time must carry to be let in by the page's content security policy; the host gives it. */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
}
