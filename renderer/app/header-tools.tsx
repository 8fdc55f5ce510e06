import { ActionIcon, Tooltip } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { MoreMenu } from "./more-menu.tsx";
import { NowRunning } from "./now-running.tsx";
import { palette } from "./palette.ts";
import { StopEverything } from "./stop-everything.tsx";

/** What the header has besides the ways to the pages. */
export default function HeaderTools({ onHelp }: { onHelp: () => void }) {
  return (
    <>
      <NowRunning />
      <StopEverything />
      <Tooltip label="Find a command, a scenario or a run (Ctrl K)">
        <ActionIcon variant="subtle" color="gray" onClick={palette.open} aria-label="Open the command palette">
          <IconSearch size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <MoreMenu onHelp={onHelp} />
    </>
  );
}
