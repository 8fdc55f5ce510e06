import { WINDOW_KEY_ITEM } from "../../contract/window.ts";

export interface Notice {
  title: string;
  text: string;
  /** Key of an admitted window: stored where only pages of this origin can read it, before the page is opened. */
  windowKey?: string;
}

const STYLE = `body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif;
  color: #212529; background: #fff; }
main { max-width: 32rem; padding: 2rem; }
h1 { font-size: 1.25rem; }
@media (prefers-color-scheme: dark) { body { color: #c9c9c9; background: #1a1b1e; } }`;

/** A page of the host itself, before the lab's page may be shown. It contains nothing from the request. */
export function noticePage({ title, text, windowKey }: Notice, nonce: string): string {
  const script =
    windowKey === undefined
      ? ""
      : `<script nonce="${nonce}">sessionStorage.setItem("${WINDOW_KEY_ITEM}", "${windowKey}"); location.replace("/");</script>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><style nonce="${nonce}">${STYLE}</style></head>
<body><main><h1>${title}</h1><p>${text}</p></main>${script}</body></html>
`;
}

/** Policy for such a page: its own script and style only. */
export function noticePolicy(nonce: string): string {
  const own = `'nonce-${nonce}'`;
  return `default-src 'none'; script-src ${own}; style-src ${own}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
