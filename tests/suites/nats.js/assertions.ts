// The assertions that the tests of nats.js import as "@std/assert", on top of node:assert, so that
// what runs them needs no second package registry.
import { Buffer } from "node:buffer";
import nodeAssert from "node:assert";

// deno-lint-ignore no-explicit-any
type Any = any;

export class AssertionError extends Error {}

export function fail(message = "failed"): never {
  throw new AssertionError(message);
}

export function assert(found: unknown, message?: string): asserts found {
  if (!found) fail(message ?? `${found} is not true`);
}

export function assertFalse(found: unknown, message?: string) {
  if (found) fail(message ?? `${found} is not false`);
}

export function assertExists<T>(found: T, message?: string): asserts found is NonNullable<T> {
  if (found === undefined || found === null) fail(message ?? "does not exist");
}

export function equal(found: unknown, expected: unknown): boolean {
  // A Buffer equals a Uint8Array of the same bytes.
  if (found instanceof Uint8Array && expected instanceof Uint8Array) {
    return Buffer.compare(found, expected) === 0;
  }
  try {
    nodeAssert.deepStrictEqual(found, expected);
    return true;
  } catch {
    return false;
  }
}

export function assertEquals<T>(found: T, expected: T, message = "") {
  if (!equal(found, expected)) {
    fail(`${message} found ${Deno.inspect(found)}, expected ${Deno.inspect(expected)}`);
  }
}

export function assertNotEquals<T>(found: T, refused: T, message = "") {
  if (equal(found, refused)) fail(`${message} found ${Deno.inspect(found)}`);
}

export function assertStringIncludes(found: string, part: string, message = "") {
  if (!found.includes(part)) fail(`${message} ${part} is not in ${found}`);
}

export function assertArrayIncludes(found: ArrayLike<Any>, parts: ArrayLike<Any>, message = "") {
  const items = Array.from(found);
  for (const part of Array.from(parts)) {
    if (!items.some((item) => equal(item, part))) fail(`${message} ${part} is not in ${items}`);
  }
}

export function assertMatch(found: string, pattern: RegExp, message = "") {
  if (!pattern.test(found)) fail(`${message} ${found} does not match ${pattern}`);
}

export function assertInstanceOf(found: Any, kind: Any, message = ""): asserts found is Any {
  if (!(found instanceof kind)) fail(`${message} ${Deno.inspect(found)} is no ${kind.name}`);
}

export function assertAlmostEquals(found: number, expected: number, tolerance = 1e-7) {
  if (Math.abs(found - expected) > tolerance) fail(`found ${found}, expected ${expected}`);
}

export function assertIsError(found: unknown, kind: Any = Error, part?: string | RegExp) {
  assertInstanceOf(found, Error);
  checkError(found, kind, part);
}

function checkError(error: Any, kind?: Any, part?: string | RegExp) {
  // The second argument may be the message already.
  if (typeof kind !== "function") return error;
  assertInstanceOf(error, kind);
  if (typeof part === "string") assertStringIncludes(error.message, part);
  if (part instanceof RegExp) assertMatch(error.message, part);
  return error;
}

export function assertThrows(action: () => unknown, kind?: Any, part?: string): Any {
  let error;
  try {
    action();
  } catch (thrown) {
    error = [thrown];
  }
  return error ? checkError(error[0], kind, part) : fail("did not throw");
}

export async function assertRejects(
  action: () => PromiseLike<Any>,
  kind?: Any,
  part?: string,
): Promise<Any> {
  let error;
  try {
    await action();
  } catch (thrown) {
    error = [thrown];
  }
  return error ? checkError(error[0], kind, part) : fail("did not reject");
}
