import { Notifications } from "@mantine/notifications";
import { BundleDrop } from "../history/bundle-drop.tsx";
import { AnnounceRuns } from "./announce-runs.tsx";
import { CommandPalette } from "./command-palette.tsx";
import { ShortcutHelp } from "./shortcut-help.tsx";
import type { OverlayControl } from "./use-overlay.ts";

/** What opens over any page. */
export default function Overlays({ control }: { control: OverlayControl }) {
  return (
    <>
      <CommandPalette
        isOpen={control.shown === "palette"}
        onClose={() => control.close("palette")}
        onHelp={() => control.open("help")}
      />
      <ShortcutHelp isOpen={control.shown === "help"} onClose={() => control.close("help")} />
      <BundleDrop />
      <AnnounceRuns />
      <Notifications position="bottom-right" limit={4} />
    </>
  );
}
