import { join } from "node:path";
import { nativeTheme } from "electron";
import { dataFolder, openHome } from "../lab/home.ts";
import { Preferences } from "../lab/service/preferences/preferences.ts";
import type { Shell } from "./shell.ts";

/** Windows use the chosen theme from the first paint: it is read before the engine has started. */
export function register(shell: Shell): void {
  const { folder } = openHome(dataFolder(shell.environment));
  const preferences = new Preferences(join(folder, "preferences.db"));
  nativeTheme.themeSource = preferences.settings().theme;
  preferences.close();
  void shell.service.then((service) =>
    service.settings.onChange(({ theme }) => {
      nativeTheme.themeSource = theme;
    }),
  );
}
