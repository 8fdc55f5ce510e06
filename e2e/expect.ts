import { expect as base, type Locator } from "@playwright/test";

/** Assertions that need an element, and are tried again until it exists. */
const ABOUT_AN_ELEMENT = [
  "toBeVisible",
  "toBeInViewport",
  "toBeFocused",
  "toBeEnabled",
  "toBeChecked",
  "toHaveText",
  "toContainText",
  "toHaveValue",
  "toHaveAttribute",
  "toHaveAccessibleName",
  "toHaveAccessibleDescription",
] as const;

type Assertion = (...args: unknown[]) => Promise<void>;

/**
 * Playwright's own, except that an element which does not exist yet is waited for first. Playwright describes the whole
 * page at each failed attempt in case it was the last one: a sixth of the page's processor time in these specs.
 */
export const expect = base.extend(
  Object.fromEntries(ABOUT_AN_ELEMENT.map((name) => [name, onceItExists(name)])),
) as typeof base;

function onceItExists(name: (typeof ABOUT_AN_ELEMENT)[number]) {
  return async function (this: { isNot: boolean; timeout: number }, locator: Locator, ...args: unknown[]) {
    const { timeout = this.timeout, visible = true } = (args.at(-1) ?? {}) as { timeout?: number; visible?: boolean };
    const assertions = this.isNot ? base(locator).not : base(locator);
    try {
      // A list of texts may be empty.
      if (!this.isNot && visible && !Array.isArray(args[0])) {
        await locator.waitFor({ state: name === "toBeVisible" ? "visible" : "attached", timeout });
      }
      await (assertions[name] as Assertion)(...args);
    } catch (error) {
      throw error instanceof Error ? Object.assign(error, { stack: ofTheSpec(error.stack) }) : error;
    }
    return { pass: !this.isNot, message: () => "" };
  };
}

/** The stack from the spec's line on, which the report then shows. */
function ofTheSpec(stack = ""): string {
  return stack
    .split("\n")
    .filter((line) => !line.includes(import.meta.filename))
    .join("\n");
}
