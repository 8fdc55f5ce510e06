import { BuildBanner } from "./build-banner.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { HaltedBanner } from "./halted-banner.tsx";
import { LeftRunsBanner } from "./left-runs-banner.tsx";
import { ResidueBanner } from "./residue-banner.tsx";

/** Warnings, and what is waited for, on every page; nothing in the normal state. */
export default function Banners() {
  return (
    <>
      <ConnectionBanner />
      <HaltedBanner />
      <ResidueBanner />
      <BuildBanner />
      <LeftRunsBanner />
    </>
  );
}
