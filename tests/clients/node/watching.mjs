// Buckets as those see them who watch, and object stores.
import { Kvm } from "@nats-io/kv";
import { Objm } from "@nats-io/obj";
import { PATIENCE_MS, QUIET_MS, hash, pattern, pause } from "./harness.mjs";
import { each, said, streams, until } from "./streams.mjs";

async function bucket(s, name, options) {
  const kv = await new Kvm(s.js).create(name, options);
  s.made.push(`KV_${name}`);
  return kv;
}

async function filled(s, name, history = 4) {
  const kv = await bucket(s, name, { history });
  for (const key of ["a.one", "a.two", "b", "a.one", "a.one.deep"]) await kv.put(key, `v ${key}`);
  await kv.delete("b");
  return kv;
}

const entry = (e) => [e.key, e.string(), e.revision, e.operation];

/** What an iterator gives until it is quiet. */
async function seen(found, show) {
  const out = [];
  let last = Date.now();
  const read = (async () => {
    for await (const one of found) {
      out.push(show(one));
      last = Date.now();
    }
  })();
  while (Date.now() - last < QUIET_MS) await pause(10);
  found.stop();
  await read;
  return JSON.stringify(out);
}

async function all(found, show) {
  const out = [];
  for await (const one of await found) out.push(show(one));
  return out;
}

async function store(s, name, options) {
  const made = await new Objm(s.js).create(name, options);
  s.made.push(`OBJ_${name}`);
  return made;
}

const object = (i) => i && [i.bucket, i.name, i.description, i.size, i.chunks, i.digest, i.deleted,
  i.options?.link];

const stream = (text) => new ReadableStream({
  start(controller) {
    controller.enqueue(new TextEncoder().encode(text));
    controller.close();
  },
});

const content = (o, name) => said(() =>
  o.getBlob(name).then((blob) => blob && new TextDecoder().decode(blob)));

export default {
  "kv-history": () => streams(async (s) => {
    const kv = await filled(s, "HIST");
    const history = (key) => said(async () =>
      all(kv.history({ key }), (e) => [...entry(e), e.delta]));
    const out = await each(["a.one", "b", "none", "a.*"], history);
    for (let i = 0; i < 6; i++) await kv.put("many", `${i}`);
    out.push(await history("many"));
    await kv.purge("many");
    out.push(await history("many"), await said(() => kv.purgeDeletes(-1)));
    return [...out, await history("many")];
  }),

  "kv-watch": () => streams(async (s) => {
    const kv = await filled(s, "WATCH", 40);
    return each([{ key: "a.*" }, {}, { key: "a.>", include: "history" },
      { key: "a.*", include: "updates" }, { key: "a.*", ignoreDeletes: true },
      { headers_only: true }, { key: "a.*", resumeFromRevision: 4 },
      { key: ["a.one", "z"] }, { key: "none.*" }], async (options) => {
      const watch = await kv.watch(options);
      await kv.put("a.new", "new");
      await kv.put("z", "z");
      await kv.delete("a.new");
      return seen(watch, (e) => [e.key, e.value.length, e.revision, e.operation]);
    });
  }),

  "kv-keys": () => streams(async (s) => {
    const kv = await filled(s, "LISTKEYS");
    const empty = await bucket(s, "NOKEYS");
    const keys = (of, filter) => said(() => all(of.keys(filter), (key) => key));
    return [await keys(kv), await keys(empty), await keys(kv, "a.*"),
      await keys(kv, ["a.>", "b"]), await keys(kv, "none")];
  }),

  "kv-markers": () => streams(async (s) => {
    const kv = await bucket(s, "MARKED", { history: 2, ttl: 1000, markerTTL: 3_600_000 });
    const watch = await kv.watch();
    await kv.put("aged", "x");
    await kv.create("short", "y", "1s");
    const got = [];
    const end = setTimeout(() => watch.stop(), PATIENCE_MS);
    for await (const e of watch) {
      got.push(JSON.stringify([e.key, e.string(), e.operation]));
      if (got.length === 4) break;
    }
    clearTimeout(end);
    return got.sort();
  }),

  "kv-mirror": () => streams(async (s) => {
    await filled(s, "ORIGINAL");
    const kv = await bucket(s, "COPY", { history: 4, mirror: { name: "ORIGINAL" } });
    const values = await until(() => said(() => kv.status().then((status) => status.values)),
      (told) => told === "6");
    return [values, await said(() => kv.get("a.one").then((e) => e && entry(e))),
      await said(() => kv.put("through", "x"))];
  }),

  "object-life": () => streams(async (s) => {
    const o = await store(s, "FILES", { description: "files", ttl: 3600 * 1_000_000_000,
      max_bytes: 1 << 20, compression: true, metadata: { a: "b" } });
    const objm = new Objm(s.js);
    const name = "a file/with *";
    const meta = { name, description: "described", options: { max_chunk_size: 10 } };
    const put = (name, text) => () => o.put({ name }, stream(text)).then(object);
    const out = await each([
      () => objm.open("NONE"), () => objm.create("a.b"),
      () => o.put(meta, stream("0123456789abcdefghijklmno")).then(object),
      put("small", "x"), put("empty", ""), () => o.info("small").then(object),
      put("small", "replaced"), () => o.update("small", { name: "renamed" }).then((a) => a.seq > 0),
      () => o.update("renamed", { name: "empty" }), () => o.delete("empty"),
      () => o.delete("none"), () => o.info("empty").then(object), () => o.info("none").then(object),
    ], said);
    out.push(await content(o, name), await content(o, "none"));
    const listed = (await o.list()).map(object);
    out.push(JSON.stringify(listed.sort((a, b) => (a[1] < b[1] ? -1 : 1))));
    return [...out, await said(() => o.seal().then((status) => status.sealed)),
      await said(put("late", "x")), await said(() => o.destroy()), await said(() => o.destroy())];
  }),

  "object-large": () => streams(async (s) => {
    const o = await store(s, "LARGE");
    const body = pattern(4 << 20);
    const out = [await said(() => o.putBlob({ name: "large" }, body).then(object))];
    const blob = await o.getBlob("large");
    // Consumers that the client made for itself may still be there.
    const held = async () => {
      const { consumer_count, ...rest } = JSON.parse(await s.state("OBJ_LARGE"));
      return JSON.stringify(rest);
    };
    out.push(blob.length, hash(blob), await held());
    return [...out, await said(() => o.delete("large")), await held()];
  }),

  "object-links": () => streams(async (s) => {
    const here = await store(s, "LINKS");
    const other = await store(s, "OTHERS");
    const target = await here.putBlob({ name: "target" }, new TextEncoder().encode("content"));
    const out = await each([
      () => here.link("link", target).then(object), () => other.link("far", target).then(object),
      () => here.linkStore("whole", other).then(object),
      async () => here.link("twice", await here.info("link")).then(object),
      () => here.link("target", target).then(object),
    ], said);
    out.push(await content(here, "link"), await content(here, "whole"),
      await content(other, "far"));
    await here.delete("target");
    return [...out, await content(other, "far")];
  }),

  "object-watch": () => streams(async (s) => {
    const o = await store(s, "WATCHED");
    const one = (name) => o.putBlob({ name }, new TextEncoder().encode(name));
    await one("before");
    return each([{}, { includeHistory: true }, { ignoreDeletes: true }], async (options) => {
      const watch = await o.watch(options);
      await one("after");
      await o.delete("before");
      const told = await seen(watch, (i) => i && object(i));
      await one("before");
      return told;
    });
  }),
};
