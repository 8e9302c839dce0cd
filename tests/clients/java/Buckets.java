import io.nats.client.KeyValue;
import io.nats.client.KeyValueManagement;
import io.nats.client.MessageTtl;
import io.nats.client.api.KeyValueConfiguration;
import io.nats.client.api.KeyValueEntry;
import io.nats.client.api.KeyValueStatus;
import io.nats.client.api.StorageType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Buckets of keys and values, without watchers. */
final class Buckets {
    private Buckets() {}

    static void register(Map<String, Scenarios.Scenario> all) {
        all.put("kv-buckets", Buckets::kvBuckets);
        all.put("kv-entries", Buckets::kvEntries);
        all.put("kv-revisions", Buckets::kvRevisions);
        all.put("kv-limits", Buckets::kvLimits);
        all.put("kv-expiry", Buckets::kvExpiry);
    }

    private static KeyValue make(Streams s, KeyValueConfiguration.Builder given) throws Exception {
        KeyValueConfiguration config = given.build();
        s.session.nc.keyValueManagement().create(config);
        s.made.add("KV_" + config.getBucketName());
        return s.session.nc.keyValue(config.getBucketName());
    }

    private static KeyValueConfiguration.Builder bucket(String name) {
        return KeyValueConfiguration.builder(name);
    }

    private static String entry(Streams.Call call) {
        return Streams.said(() -> {
            KeyValueEntry e = (KeyValueEntry) call.run();
            return e == null ? "none" : "(" + e.getKey() + " " + e.getValueAsString() + " "
                + e.getRevision() + " " + e.getOperation() + " " + e.getDelta() + " "
                + Streams.isSet(e.getCreated()) + ")";
        });
    }

    private static String status(KeyValueStatus s) {
        return s.getBucketName() + " " + s.getDescription() + " " + s.getEntryCount() + " "
            + s.getByteCount() + " " + s.getMaxHistoryPerKey() + " " + s.getMaxBucketSize() + " "
            + s.getMaximumValueSize() + " " + s.getTtl() + " " + s.getStorageType() + " "
            + s.getReplicas() + " " + s.isCompressed() + " " + s.getLimitMarkerTtl();
    }

    private static String status(KeyValue kv) {
        return Streams.said(() -> status(kv.getStatus()));
    }

    private static String kvBuckets() throws Exception {
        try (Streams s = new Streams()) {
            KeyValueConfiguration.Builder given = bucket("FULL").description("all of it")
                .maximumValueSize(1000).maxHistoryPerKey(5).ttl(Duration.ofHours(1))
                .maxBucketSize(1 << 20).limitMarker(Duration.ofMinutes(1));
            KeyValue full = make(s, given);
            KeyValue plain = make(s, bucket("PLAIN").storageType(StorageType.Memory));
            KeyValueManagement all = s.session.nc.keyValueManagement();
            return String.join("; ", status(full), status(plain),
                Streams.said(() -> Streams.config(s.jsm.getStreamInfo("KV_FULL"))),
                Streams.said(() -> Streams.config(s.jsm.getStreamInfo("KV_PLAIN"))),
                Streams.said(() -> status(all.create(given.build()))),
                Streams.said(() -> status(all.create(given.maxHistoryPerKey(3).build()))),
                Streams.said(() -> status(all.update(given.maxHistoryPerKey(3).build()))),
                Streams.said(() -> status(all.update(bucket("NONE").build()))),
                Streams.said(() -> status(all.getStatus("NONE"))),
                Streams.said(() -> bucket("a.b").build()),
                Streams.said(() -> bucket("L").maxHistoryPerKey(65).build()),
                Streams.said(() -> all.getBucketNames()),
                Streams.said(() -> all.getStatuses().size()),
                Streams.done(() -> all.delete("FULL")), Streams.done(() -> all.delete("FULL")));
        }
    }

    private static String kvEntries() throws Exception {
        try (Streams s = new Streams()) {
            KeyValue kv = make(s, bucket("ENTRIES").maxHistoryPerKey(4));
            List<String> out = new ArrayList<>(List.of(entry(() -> kv.get("none")),
                Streams.said(() -> kv.put("a", "one")),
                Streams.said(() -> kv.put("b.c/d=e_f-g", "two")),
                Streams.said(() -> kv.put("a", "")), entry(() -> kv.get("a")),
                entry(() -> kv.get("a", 1)), entry(() -> kv.get("a", 2)),
                entry(() -> kv.get("a", 9)), Streams.done(() -> kv.delete("a")),
                entry(() -> kv.get("a")), status(kv), Streams.done(() -> kv.purge("a")),
                entry(() -> kv.get("a")), entry(() -> kv.get("a", 1)), status(kv),
                entry(() -> kv.get("b.c/d=e_f-g")), Streams.done(() -> kv.delete("never"))));
            for (String key : List.of("", ".a", "a.", "a b", "a*", ">")) {
                out.add(Streams.said(() -> kv.put(key, "")));
            }
            return String.join("; ", out);
        }
    }

    private static String kvRevisions() throws Exception {
        try (Streams s = new Streams()) {
            KeyValue kv = make(s, bucket("REVS"));
            return String.join("; ", Streams.said(() -> kv.create("k", "1".getBytes())),
                Streams.said(() -> kv.create("k", "2".getBytes())),
                Streams.said(() -> kv.update("k", "2", 1)),
                Streams.said(() -> kv.update("k", "3", 1)),
                Streams.said(() -> kv.update("new", "", 0)),
                Streams.done(() -> kv.delete("k", 1)), Streams.done(() -> kv.delete("k", 2)),
                Streams.said(() -> kv.create("k", "anew".getBytes())), entry(() -> kv.get("k")),
                Streams.done(() -> kv.purge("k", 1)), Streams.done(() -> kv.purge("k")),
                Streams.said(() -> kv.create("k", "again".getBytes())), status(kv));
        }
    }

    private static String kvLimits() throws Exception {
        try (Streams s = new Streams()) {
            KeyValue kv = make(s, bucket("SMALL").maximumValueSize(100).maxBucketSize(500));
            List<String> out = new ArrayList<>();
            out.add(Streams.said(() -> kv.put("a", "x".repeat(60))));
            out.add(Streams.said(() -> kv.put("a", "x".repeat(200))));
            for (int i = 0; i < 6; i++) {
                String key = "k" + i;
                out.add(Streams.said(() -> kv.put(key, "x".repeat(50))));
            }
            return String.join("; ", out) + status(kv) + entry(() -> kv.get("k0"));
        }
    }

    private static String kvExpiry() throws Exception {
        try (Streams s = new Streams()) {
            KeyValue kv = make(s, bucket("EXPIRE").limitMarker(Duration.ofHours(1)));
            KeyValue plain = make(s, bucket("STAY"));
            MessageTtl second = MessageTtl.seconds(1);
            List<String> out = new ArrayList<>(List.of(
                Streams.said(() -> kv.create("a", "x".getBytes(), second)),
                Streams.said(() -> plain.create("a", "x".getBytes(), second)),
                Streams.said(() -> kv.put("b", "x")), Streams.done(() -> kv.purge("b", second))));
            for (long seq : new long[] {1, 3}) {
                out.add(Streams.until(() -> s.get("KV_EXPIRE", seq), got -> got.startsWith("[")));
            }
            return String.join("; ", out) + entry(() -> kv.get("a")) + entry(() -> kv.get("b"))
                + s.state("KV_EXPIRE", ">");
        }
    }
}
