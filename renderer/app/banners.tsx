import { ConnectionBanner } from "./connection-banner.tsx";
import { HaltedBanner } from "./halted-banner.tsx";
import { ResidueBanner } from "./residue-banner.tsx";

/** What has to be known on every page; nothing while all is well. */
export default function Banners() {
  return (
    <>
      <ConnectionBanner />
      <HaltedBanner />
      <ResidueBanner />
    </>
  );
}
