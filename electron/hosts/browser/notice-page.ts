/** A page of the host itself, before the lab's page may be shown. Holds no script and nothing from the request. */
export function noticePage(title: string, text: string, options: { goOn: boolean }): string {
  const refresh = options.goOn ? '<meta http-equiv="refresh" content="0;url=/">' : "";
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>${refresh}
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"></head><body><h1>${title}</h1><p>${text}</p></body></html>
`;
}
