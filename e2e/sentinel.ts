/** Globals that the specs must not see: their type check fails once this compiles. */

// @ts-expect-error the specs are not built by Vite
import.meta.env.MODE.trim();

export {};
