declare global {
  interface Window {
    /** Of public/page-parts.js; undefined where that was broken off itself. */
    pageParts?: {
      loadAgain(part: string): Promise<boolean>;
      hasCome(part: string): void;
      hasStarted(): void;
    };
  }
}

const TRIES = 3;
const AGAIN_AFTER_MS = 250;

/** The style sheets that did not come: their elements look like those of others. */
const missing = new Set<HTMLLinkElement>();
const noteMissing = ({ target }: Event) => {
  if (target instanceof HTMLLinkElement && target.rel === "stylesheet") missing.add(target);
};
window.addEventListener("error", noteMissing, { capture: true });

/** A part of the page that did not come, also after the page was loaded again for it. */
export class MissingPart extends Error {}

/** Those that are on their way: the page names them, for whoever drives it. */
const fetching: string[] = [];

/**
 * A part of the page's code and its styles, asked for again where it does not come: browsers break off what they fetch when
 * the machine's networks change, as they do when a stack comes up on Docker. Some then remember the code as broken, which
 * only loading the page again ends; the address keeps what is shown.
 *
 * @param name the same in every load of the page
 * @throws MissingPart
 */
export async function fetchPart<Part>(name: string, load: () => Promise<Part>): Promise<Part> {
  fetching.push(name);
  nameFetching();
  try {
    const part = await fetchPatiently(load);
    window.pageParts?.hasCome(name);
    return part;
  } catch (cause) {
    if (await window.pageParts?.loadAgain(name)) await new Promise(() => {});
    throw new MissingPart(`${name} could not be fetched: ${String(cause)}`, { cause });
  } finally {
    fetching.splice(fetching.indexOf(name), 1);
    nameFetching();
  }
}

async function fetchPatiently<Part>(load: () => Promise<Part>): Promise<Part> {
  for (let tried = 1; ; tried++) {
    try {
      const [part] = await Promise.all([load(), tried === 1 ? undefined : fetchMissingStyles()]);
      return part;
    } catch (error) {
      if (tried === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS * tried));
    }
  }
}

function nameFetching(): void {
  if (fetching.length === 0) delete document.documentElement.dataset.fetching;
  else document.documentElement.dataset.fetching = fetching.join(", ");
}

/** What loads the code asks for its styles once, whether they come or not. */
async function fetchMissingStyles(): Promise<void> {
  await Promise.all([...missing].map(fetchStyle));
}

function fetchStyle(link: HTMLLinkElement): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const again = document.createElement("link");
  again.rel = "stylesheet";
  again.onload = () => resolve();
  again.onerror = () => reject(new Error(`the styles at ${link.href} cannot be fetched`));
  again.href = link.href;
  link.replaceWith(again);
  missing.delete(link);
  return promise;
}
