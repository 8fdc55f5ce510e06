import { Notifications } from "@mantine/notifications";
import { BundleDrop } from "../history/bundle-drop.tsx";
import { AnnounceRuns } from "./announce-runs.tsx";
import { CommandPalette } from "./command-palette.tsx";
import { ShortcutHelp } from "./shortcut-help.tsx";

interface OverlaysProps {
  isHelpOpen: boolean;
  onHelp: () => void;
  onHelpClose: () => void;
}

/** What opens over any page. */
export default function Overlays({ isHelpOpen, onHelp, onHelpClose }: OverlaysProps) {
  return (
    <>
      <CommandPalette onHelp={onHelp} />
      <ShortcutHelp isOpen={isHelpOpen} onClose={onHelpClose} />
      <BundleDrop />
      <AnnounceRuns />
      <Notifications position="bottom-right" limit={4} />
    </>
  );
}
