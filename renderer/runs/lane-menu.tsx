import { Button, Checkbox, Menu } from "@mantine/core";
import { IconAdjustmentsHorizontal } from "@tabler/icons-react";
import { LANE_KINDS, type LaneKind } from "../../electron/model/lanes.ts";
import { usePreferences } from "../state/lab-context.tsx";

const TITLES: Record<LaneKind, string> = {
  phases: "Phases",
  steps: "Steps",
  faults: "Faults",
  hits: "Requests affected by a fault",
  health: "Health",
  backends: "Servers as the gateway has them: health and circuit",
  calls: "Tool calls",
  links: "Calls on links",
  approvals: "Approvals",
  checks: "Checks and warnings",
  logs: "Logs",
};

/** Shows or hides lanes and idle time. */
export function LaneMenu() {
  const hidden = usePreferences((state) => state.hiddenLanes);
  const toggle = usePreferences((state) => state.toggleLane);
  const collapsesIdle = usePreferences((state) => state.collapsesIdle);
  const set = usePreferences((state) => state.set);
  return (
    <Menu closeOnItemClick={false} position="bottom-start">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          leftSection={<IconAdjustmentsHorizontal size={13} aria-hidden />}
        >
          Lanes
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {LANE_KINDS.map((kind) => (
          <Menu.Item
            key={kind}
            role="menuitemcheckbox"
            aria-checked={!hidden.includes(kind)}
            onClick={() => toggle(kind)}
            leftSection={<Checkbox.Indicator size="xs" checked={!hidden.includes(kind)} />}
          >
            {TITLES[kind]}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          role="menuitemcheckbox"
          aria-checked={collapsesIdle}
          onClick={() => set({ collapsesIdle: !collapsesIdle })}
          leftSection={<Checkbox.Indicator size="xs" checked={collapsesIdle} />}
          rightSection="C"
        >
          Collapse idle time
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
