/**
 * Loaded before a watchdog (`node --import`): its clocks then behave as on a machine that keeps suspending for hours and
 * resets its time of day at each resume.
 */
const HOUR_MS = 3_600_000;

if (process.argv[1]?.endsWith("main.ts")) {
  const [now, wallNow] = [performance.now.bind(performance), Date.now];
  let looks = 0;
  Object.assign(performance, { now: () => now() + HOUR_MS * ++looks });
  Date.now = () => wallNow() + 24 * HOUR_MS * (looks % 2 === 0 ? looks : -looks);
}
