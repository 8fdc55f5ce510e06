import { EventEmitter } from "node:events";
import { existsSync } from "node:fs";

interface Item {
  id?: string;
  label?: string;
  role?: string;
  click?: () => void;
  submenu?: Item[] | { items: Item[] };
}

export class Menu {
  static #application: Menu | null = null;
  readonly items: Item[];

  private constructor(items: Item[]) {
    this.items = items;
  }

  static buildFromTemplate(items: Item[]): Menu {
    return new Menu(items);
  }
  static setApplicationMenu(menu: Menu | null): void {
    Menu.#application = menu;
  }
  static getApplicationMenu(): Menu | null {
    return Menu.#application;
  }

  getMenuItemById(id: string): Item | null {
    const find = (items: Item[]): Item | undefined => {
      for (const item of items) {
        const below = Array.isArray(item.submenu) ? find(item.submenu) : undefined;
        if (item.id === id || below !== undefined) return below ?? item;
      }
      return undefined;
    };
    return find(this.items) ?? null;
  }
}

export class Tray extends EventEmitter {
  static readonly all: Tray[] = [];
  menu: Menu | undefined;

  constructor(_image: { isEmpty(): boolean }) {
    super();
    Tray.all.push(this);
  }
  setToolTip(): void {}
  setContextMenu(menu: Menu): void {
    this.menu = menu;
  }
}

export class Notification extends EventEmitter {
  static isSupported(): boolean {
    return true;
  }
  readonly title: string;
  readonly body: string;

  constructor(options: { title: string; body: string }) {
    super();
    this.title = options.title;
    this.body = options.body;
  }
  show(): void {}
}

export const nativeImage = { createFromPath: (file: string) => ({ isEmpty: () => !existsSync(file) }) };
export const screen = { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] };

class NativeTheme extends EventEmitter {
  #source: "system" | "light" | "dark" = "system";

  get themeSource(): "system" | "light" | "dark" {
    return this.#source;
  }
  set themeSource(source: "system" | "light" | "dark") {
    this.#source = source;
    this.emit("updated");
  }
  get shouldUseDarkColors(): boolean {
    return this.#source === "dark";
  }
}
export const nativeTheme = new NativeTheme();

/** No person answers these dialogs: a spec replaces them with its own answer, as on Electron. */
export const dialog = {
  errors: [] as { title: string; content: string }[],
  async showMessageBox(): Promise<{ response: number }> {
    throw new Error("a dialog was shown that the spec did not expect");
  },
  async showSaveDialog(): Promise<{ canceled: boolean; filePath: string }> {
    throw new Error("a save dialog was shown that the spec did not expect");
  },
  async showOpenDialog(): Promise<{ canceled: boolean; filePaths: string[] }> {
    throw new Error("an open dialog was shown that the spec did not expect");
  },
  showErrorBox(title: string, content: string): void {
    dialog.errors.push({ title, content });
    process.stderr.write(`${title}: ${content}\n`);
  },
};
