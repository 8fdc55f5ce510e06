import { ActionIcon, Menu, useMantineColorScheme } from "@mantine/core";
import {
  IconBulb,
  IconDeviceDesktop,
  IconInfoCircle,
  IconKeyboard,
  IconMoon,
  IconPresentation,
  IconSettings,
  IconSun,
} from "@tabler/icons-react";
import { useRef } from "react";
import { useLab, usePreferences } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";

export function MoreMenu({ onHelp }: { onHelp: (opener: HTMLElement | null) => void }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const changeSettings = useLab((state) => state.changeSettings);
  const setPreference = usePreferences((state) => state.set);
  const opener = useRef<HTMLButtonElement>(null);
  const choose = (scheme: "auto" | "light" | "dark") => {
    setColorScheme(scheme);
    // The host applies it to its windows; if the lab is unreachable, only the page changes.
    changeSettings({ theme: scheme === "auto" ? "system" : scheme }).catch(() => {});
  };
  const SCHEMES = [
    { scheme: "light", label: "Light", Icon: IconSun },
    { scheme: "dark", label: "Dark", Icon: IconMoon },
    { scheme: "auto", label: "System", Icon: IconDeviceDesktop },
  ] as const;
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon ref={opener} variant="subtle" color="gray" aria-label="More: theme, settings, help">
          <IconSettings size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Theme</Menu.Label>
        {SCHEMES.map(({ scheme, label, Icon }) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={15} aria-hidden />}
            rightSection={colorScheme === scheme ? "✓" : undefined}
            onClick={() => choose(scheme)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconPresentation size={15} aria-hidden />}
          rightSection="P"
          onClick={() => setPreference({ isPresenting: true })}
        >
          Presenter mode
        </Menu.Item>
        <Menu.Item
          leftSection={<IconKeyboard size={15} aria-hidden />}
          rightSection="?"
          onClick={() => onHelp(opener.current)}
        >
          Shortcuts
        </Menu.Item>
        <Menu.Item
          component="a"
          href={formatRoute({ at: "settings" })}
          leftSection={<IconBulb size={15} aria-hidden />}
        >
          Settings
        </Menu.Item>
        <Menu.Item
          component="a"
          href={formatRoute({ at: "about" })}
          leftSection={<IconInfoCircle size={15} aria-hidden />}
        >
          About and diagnostics
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
