// Loaded before a test file: names its tests instead of running them.
function collect(...given: unknown[]) {
  const first = given[0] as string | { name?: string; ignore?: boolean };
  const second = given[1] as { ignore?: boolean } | undefined;
  const name = typeof first === "string" ? first : first.name;
  const ignored = (typeof first === "object" && first.ignore) || second?.ignore;
  if (!ignored) console.log(`test: ${name}`);
}
collect.ignore = () => {};
collect.only = collect;
Object.assign(Deno, { test: collect });
