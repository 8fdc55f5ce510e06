import { ActionIcon } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { Hint } from "../ui/hint.tsx";
import { MoreMenu } from "./more-menu.tsx";
import { NowRunning } from "./now-running.tsx";
import { OpenStackLink } from "./open-stack-link.tsx";
import { StopEverything } from "./stop-everything.tsx";
import type { Overlays } from "./use-overlays.ts";

/** The header's controls besides the links to the pages. */
export default function HeaderTools({ overlays }: { overlays: Overlays }) {
  return (
    <>
      <OpenStackLink />
      <NowRunning />
      <StopEverything />
      <Hint label="Find a command, a scenario or a run (Ctrl K)">
        <ActionIcon variant="subtle" color="gray" onClick={overlays.openPalette} aria-label="Open the command palette">
          <IconSearch size={16} aria-hidden />
        </ActionIcon>
      </Hint>
      <MoreMenu onHelp={overlays.openHelp} />
    </>
  );
}
