import {
  type ButtonProps,
  type ComboboxProps,
  createTheme,
  type ModalHeaderProps,
  type NotificationProps,
  type TooltipProps,
} from "@mantine/core";

/** Theme of Mantine's components: small, with square corners. Other colours are in theme.css. */
export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: "sm",
  fontFamily: "var(--font-sans)",
  fontFamilyMonospace: "var(--font-mono)",
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "19px" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "19px", lineHeight: "1.3" },
      h2: { fontSize: "14px", lineHeight: "1.4" },
      h3: { fontSize: "13px", lineHeight: "1.4" },
    },
  },
  colors: {
    dark: [
      "#d6dae0",
      "#b4bac3",
      "#98a0ab",
      "#5c6470",
      "#3a414b",
      "#2c323a",
      "#20252b",
      "#181c21",
      "#13161a",
      "#0e1013",
    ],
  },
  components: {
    // Closed lists of options are not rendered: each would be laid out with its page.
    Combobox: { defaultProps: { keepMounted: false } satisfies Partial<ComboboxProps> },
    Button: { defaultProps: { size: "xs" } satisfies ButtonProps },
    // Not the banner of the page, for which a header outside of its parts is taken.
    ModalHeader: { defaultProps: { role: "presentation" } satisfies Partial<ModalHeaderProps> },
    Notification: {
      defaultProps: { closeButtonProps: { "aria-label": "Close" } } satisfies Partial<NotificationProps>,
    },
    Tooltip: {
      defaultProps: {
        withArrow: true,
        openDelay: 250,
        multiline: true,
        maw: 320,
        events: { hover: true, focus: true, touch: true },
      } satisfies Partial<TooltipProps>,
    },
  },
});
