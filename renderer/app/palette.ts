import { createSpotlight } from "@mantine/spotlight";

/** Whether the command palette is open. What opens it need not wait until its component is there. */
export const [paletteStore, palette] = createSpotlight();
