// Drives a NATS server through nats.js and prints `name: outcome` per scenario.
import { pause } from "./harness.mjs";
import lifecycle from "./lifecycle.mjs";
import messaging from "./messaging.mjs";
import security from "./security.mjs";

const SCENARIO_TIMEOUT_MS = 40_000;

const late = () => pause(SCENARIO_TIMEOUT_MS).then(() => "FAIL timed out");

for (const [name, run] of Object.entries({ ...messaging, ...lifecycle, ...security })) {
  const outcome = await Promise.race([run(), late()]).catch((error) => `FAIL ${error.message}`);
  console.log(`${name}: ${String(outcome).replace(/\s+/g, " ")}`);
}
process.exit(0);
