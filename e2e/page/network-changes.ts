import type { Page } from "@playwright/test";

/**
 * What a navigation ends with; the second when the browser's own error page of one, or its next attempt from there, comes
 * in the middle of another.
 */
const BROKEN_OFF = /ERR_NETWORK_CHANGED|interrupted by another navigation/;

/** A stack on Docker changes a few networks; more attempts than that would hide something else. */
const ATTEMPTS = 10;

/**
 * A browser breaks off a navigation when the networks of its machine change, as they do while another test brings a stack
 * up on Docker, and asks the person to load the page again. So does this.
 * @param navigate called again with each attempt, since an address with a token works once
 */
export async function loadAgain<Result>(navigate: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await navigate();
    } catch (error) {
      if (attempt === ATTEMPTS || !BROKEN_OFF.test(String(error))) throw error;
    }
  }
}

/** Waits until the page of a token has replaced itself by the lab's page: also a navigation, and by then the cookie is set. */
export async function enters(page: Page, origin: string): Promise<void> {
  await page
    .waitForURL(({ search }) => !search.startsWith("?token="), { waitUntil: "commit" })
    .catch((error: unknown) => {
      if (!BROKEN_OFF.test(String(error))) throw error;
    });
  // Broken off, it leaves the browser's own page.
  if (!page.url().startsWith(`${origin}/`)) await page.goto(`${origin}/`);
}

/** Lets all navigations of a page survive a change of networks, but for those to an address with a token. */
export function surviveNetworkChanges(page: Page): void {
  const { goto, reload, goBack, goForward } = page;
  page.goto = (url, options) => {
    const navigate = () => goto.call(page, url, options);
    return url.includes("token=") ? navigate() : loadAgain(navigate);
  };
  page.reload = (options) => loadAgain(() => reload.call(page, options));
  page.goBack = (options) => loadAgain(() => goBack.call(page, options));
  page.goForward = (options) => loadAgain(() => goForward.call(page, options));
}
