import { Notifications } from "@mantine/notifications";
import { BundleDrop } from "../history/bundle-drop.tsx";
import { AnnounceRuns } from "./announce-runs.tsx";
import { CommandPalette } from "./command-palette.tsx";
import { ShortcutHelp } from "./shortcut-help.tsx";
import type { Overlays } from "./use-overlays.ts";

/** Overlays available on every page. */
export default function OverlayLayer({ overlays }: { overlays: Overlays }) {
  return (
    <>
      <CommandPalette onHelp={() => overlays.openHelp()} />
      <ShortcutHelp isOpen={overlays.isHelpOpen} onClose={overlays.closeHelp} />
      <BundleDrop />
      <AnnounceRuns />
      <Notifications position="bottom-right" limit={4} />
    </>
  );
}
