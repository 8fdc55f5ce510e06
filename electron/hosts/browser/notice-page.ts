import { WINDOW_KEY_ITEM } from "../../contract/window.ts";

export interface Notice {
  title: string;
  text: string;
  /** Key of an admitted window: stored where only pages of this origin can read it, before the page is opened. */
  windowKey?: string;
  /** A link to the lab, for a browser that it knows. */
  opensLab?: boolean;
}

/** The look of the lab's page, which a browser without a session cannot load. */
const STYLE = `body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 15px/1.5 system-ui, sans-serif;
  color: #212529; background: #f1f3f5; }
main { box-sizing: border-box; width: min(34rem, 100vw - 2rem); padding: 1.75rem 2rem; background: #fff; border: 1px solid #dee2e6; border-radius: 6px; }
header { display: flex; align-items: center; gap: .6rem; font-weight: 600; }
svg { width: 20px; height: 20px; }
h1 { margin: 1.1rem 0 .4rem; font-size: 1.2rem; }
p { margin: 0 0 .6rem; }
a { color: #2f4fc4; }
@media (prefers-color-scheme: dark) {
  body { color: #c9c9c9; background: #141517; }
  main { background: #1f2023; border-color: #373a40; }
  a { color: #91a7ff; }
}`;

const LOGO = `<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#2f4fc4"/>
<path d="M4 17h6l2.5-7 4.5 13 3.5-9 1.5 3h6" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

/** A page of the host itself, before the lab's page may be shown. It contains nothing from the request. */
export function noticePage({ title, text, windowKey, opensLab = false }: Notice, nonce: string): string {
  const script =
    windowKey === undefined
      ? ""
      : `<script nonce="${nonce}">sessionStorage.setItem("${WINDOW_KEY_ITEM}", "${windowKey}"); location.replace("/");</script>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"><style nonce="${nonce}">${STYLE}</style></head>
<body><main><header>${LOGO}Resilience Lab</header><h1>${title}</h1><p>${text}</p>${opensLab ? LINK : ""}</main>${script}</body></html>
`;
}

const LINK = `<p><a href="/">Open the lab in this browser</a></p>`;

/** Policy for such a page: its own script and style only. */
export function noticePolicy(nonce: string): string {
  const own = `'nonce-${nonce}'`;
  return `default-src 'none'; script-src ${own}; style-src ${own}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
