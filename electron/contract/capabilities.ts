import { z } from "zod";

/** What the host can do. The page asks this, and never which host it is in. */
export const capabilities = z.object({
  /** For the about panel only. */
  host: z.enum(["electron", "browser"]),
  labVersion: z.string(),
  platform: z.string(),
  /** `dialog`: the host asks the person where to save; `download`: the page follows a download address. */
  export: z.enum(["dialog", "download"]),
  /** The host can open a dialog to choose a file to import; without it the page uses its own file input. */
  openDialog: z.boolean(),
  /** The host tells the person of finished runs by itself, so the page must not. */
  notifications: z.boolean(),
  /** The host follows the theme setting with its own windows. */
  nativeTheme: z.boolean(),
  /** Bundles can be exported, imported and verified. */
  bundles: z.boolean(),
  /** Nothing new can be recorded or broken, and why. */
  readOnlyBecause: z.string().nullable(),
});
export type Capabilities = z.infer<typeof capabilities>;
