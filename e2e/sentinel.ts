/** What the specs must not be able to name: their type check fails once this compiles. */

// @ts-expect-error the specs are not built by Vite
import.meta.env.MODE.trim();

export {};
