// What nats.js imports as "@std/bytes".
import { Buffer } from "node:buffer";

export function equals(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
