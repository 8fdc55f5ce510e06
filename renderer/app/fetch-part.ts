declare global {
  interface Window {
    /** Set by public/page-parts.js; undefined if that failed to load. */
    pageParts?: {
      loadAgain(part: string): Promise<boolean>;
      hasCome(part: string): void;
      hasStarted(): void;
    };
  }
}

const TRIES = 3;
const AGAIN_AFTER_MS = 250;

/** Style sheets that failed to load: their elements look the same as those of loaded ones. */
const missing = new Set<HTMLLinkElement>();
const noteMissing = ({ target }: Event) => {
  if (target instanceof HTMLLinkElement && target.rel === "stylesheet") missing.add(target);
};
window.addEventListener("error", noteMissing, { capture: true });

/** A part of the page that failed to load, also after a reload of the page. */
export class MissingPart extends Error {}

/** Parts being loaded: listed in the document for tests that drive the page. */
const fetching: string[] = [];

/**
 * Loads a part of the page's code and its styles, with retries: browsers abort fetches when the machine's networks change,
 * as they do when a stack comes up on Docker. Some browsers then cache the failure until the page is reloaded; the address
 * keeps what is shown.
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
    throw new MissingPart(`${name} could not be loaded: ${String(cause)}`, { cause });
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

/** The module loader requests the styles only once, even if they fail. */
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
