import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The page. Hosts serve what is built here from dist/renderer; addresses are relative, since each has its own origin. */
export default defineConfig({
  root: "renderer",
  base: "./",
  plugins: [react()],
  build: {
    outDir: "../dist/renderer",
    emptyOutDir: true,
    target: "es2023",
    // The first browsers that know light-dark() by themselves: every colour here is written with it.
    cssTarget: ["chrome123", "firefox120", "safari17.6"],
    // The content security policy allows no data: scripts or styles, and the icon is a file anyway.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The scenario editor is a code editor, which comes with its page and with no other.
    chunkSizeWarningLimit: 600,
    // Without these two, what pages share comes in dozens of small files, and each costs the page's start a request.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "frame", tags: ["$initial"], priority: 2 },
            {
              name: "controls",
              test: /node_modules\/(?!zod|@tanstack)|renderer\/(app|ui|state)\//,
              minShareCount: 2,
              priority: 1,
            },
          ],
        },
      },
    },
  },
});
