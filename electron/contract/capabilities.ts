import { z } from "zod";

/** What the host can do. The page checks capabilities and never which host it is in. */
export const capabilities = z.object({
  /** For the about panel only. */
  host: z.enum(["electron", "browser"]),
  labVersion: z.string(),
  platform: z.string(),
  /** `dialog`: the host asks the person where to save; `download`: the page follows a download address. */
  export: z.enum(["dialog", "download"]),
  /** The host can open a dialog to choose a file to import; without it the page uses its own file input. */
  openDialog: z.boolean(),
  /** The host notifies about finished runs itself, so the page must not. */
  notifications: z.boolean(),
  /** The host follows the theme setting with its own windows. */
  nativeTheme: z.boolean(),
  /** Bundles can be exported, imported and verified. */
  bundles: z.boolean(),
  /** Why nothing new can be recorded or broken; null when it can. */
  readOnlyBecause: z.string().nullable(),
});
export type Capabilities = z.infer<typeof capabilities>;
