const TRIES = 5;
const AGAIN_AFTER_MS = 250;

/** The style sheets that did not come: their elements look like those of others. */
const missing = new Set<HTMLLinkElement>();
const noteMissing = ({ target }: Event) => {
  if (target instanceof HTMLLinkElement && target.rel === "stylesheet") missing.add(target);
};
window.addEventListener("error", noteMissing, { capture: true });

/**
 * A part of the page's code and its styles, asked for again where it does not come: browsers break off what they fetch when
 * the machine's networks change, as they do when a stack comes up on Docker.
 */
export async function fetchPart<Part>(load: () => Promise<Part>): Promise<Part> {
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
