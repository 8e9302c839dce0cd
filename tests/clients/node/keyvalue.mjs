// Buckets of keys and values, without watchers.
import { Kvm } from "@nats-io/kv";
import { each, said, streams, until } from "./streams.mjs";

/** Creates a bucket whose stream goes when the scenario ends. */
async function bucket(s, name, options) {
  const kv = await new Kvm(s.js).create(name, options);
  s.made.push(`KV_${name}`);
  return kv;
}

const entry = (e) => e && [e.key, e.string(), e.revision, e.operation, e.delta ?? 0,
  e.created > new Date(0)];

const status = async (kv) => {
  const { bucket, values, history, ttl, markerTTL, size, max_bytes, maxValueSize, storage,
    description, replicas, compression, metadata } = await kv.status();
  return { bucket, values, history, ttl, markerTTL, size, max_bytes, maxValueSize, storage,
    description, replicas, compression, metadata };
};

const get = (kv, key, options) => () => kv.get(key, options).then(entry);

export default {
  "kv-buckets": () => streams(async (s) => {
    const options = { description: "all of it", maxValueSize: 1000, history: 5, ttl: 3_600_000,
      max_bytes: 1 << 20, markerTTL: 60_000, metadata: { a: "b" }, compression: true };
    const full = await bucket(s, "FULL", options);
    const plain = await bucket(s, "PLAIN", { storage: "memory", allow_direct: false });
    const kvm = new Kvm(s.js);
    const out = await each([
      () => status(full), () => status(plain),
      () => s.jsm.streams.info("KV_FULL").then((info) => info.config),
      () => s.jsm.streams.info("KV_PLAIN").then((info) => info.config),
      () => kvm.create("FULL", options).then(status), () => kvm.open("FULL").then(status),
      () => kvm.create("FULL", { ...options, history: 3 }).then(status),
      () => kvm.create("a.b"), () => kvm.create("L", { history: 65 }).then(status),
      () => kvm.open("NONE").then(status),
    ], said);
    for await (const one of kvm.list()) out.push(one.bucket);
    return [...out, await said(() => full.destroy()), await said(() => full.destroy())];
  }),

  "kv-entries": () => streams(async (s) => each(
    await each([["ENTRIES", true], ["SLOWLY", false]],
      ([name, allow_direct]) => bucket(s, name, { history: 4, allow_direct })),
    async (kv) => (await each([
      get(kv, "none"), () => kv.put("a", "one"), () => kv.put("b.c/d=e_f-g", "two"),
      () => kv.put("a", ""), get(kv, "a"), get(kv, "a", { revision: 1 }),
      get(kv, "a", { revision: 2 }), get(kv, "a", { revision: 9 }), () => kv.delete("a"),
      get(kv, "a"), () => status(kv), () => kv.purge("a"), get(kv, "a"),
      get(kv, "a", { revision: 1 }), () => status(kv), get(kv, "b.c/d=e_f-g"),
      () => kv.put(".a", ""), () => kv.put("a b", ""), () => kv.put("", ""),
      () => kv.delete("never"),
    ], said)).join("; "))),

  "kv-revisions": () => streams(async (s) => {
    const kv = await bucket(s, "REVS");
    return each([
      () => kv.create("k", "1"), () => kv.create("k", "2"), () => kv.update("k", "2", 1),
      () => kv.update("k", "3", 1), () => kv.put("k", "3", { previousSeq: 1 }),
      () => kv.update("new", "", 0), () => kv.delete("k", { previousSeq: 1 }),
      () => kv.delete("k", { previousSeq: 2 }), () => kv.create("k", "anew"), get(kv, "k"),
      () => kv.purge("k", { previousSeq: 1 }), () => kv.purge("k"), () => kv.create("k", "again"),
      () => status(kv),
    ], said);
  }),

  "kv-limits": () => streams(async (s) => {
    const kv = await bucket(s, "SMALL", { maxValueSize: 100, max_bytes: 500 });
    const out = [await said(() => kv.put("a", "x".repeat(60))),
      await said(() => kv.put("a", "x".repeat(200)))];
    for (let i = 0; i < 6; i++) out.push(await said(() => kv.put(`k${i}`, "x".repeat(50))));
    return [...out, await said(() => status(kv)), await said(get(kv, "k0"))];
  }),

  "kv-expiry": () => streams(async (s) => {
    const kv = await bucket(s, "EXPIRE", { markerTTL: 3_600_000 });
    const plain = await bucket(s, "STAY");
    const out = await each([() => kv.create("a", "x", "1s"), () => plain.create("a", "x", "1s"),
      () => kv.put("b", "x"), () => kv.purge("b", { ttl: "1s" })], said);
    for (const seq of [1, 3]) {
      await until(() => s.get("KV_EXPIRE", { seq }), (got) => got === "null" || got[1] === "J");
    }
    return [...out, await said(get(kv, "a")), await said(get(kv, "b")),
      await s.state("KV_EXPIRE", { subjects_filter: ">" })];
  }),
};
