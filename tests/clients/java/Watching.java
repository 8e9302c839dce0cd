import io.nats.client.KeyValue;
import io.nats.client.ObjectStore;
import io.nats.client.api.KeyValueConfiguration;
import io.nats.client.api.KeyValueEntry;
import io.nats.client.api.KeyValuePurgeOptions;
import io.nats.client.api.KeyValueWatchOption;
import io.nats.client.api.KeyValueWatcher;
import io.nats.client.api.Mirror;
import io.nats.client.api.ObjectInfo;
import io.nats.client.api.ObjectMeta;
import io.nats.client.api.ObjectStoreConfiguration;
import io.nats.client.api.ObjectStoreStatus;
import io.nats.client.api.ObjectStoreWatcher;
import io.nats.client.MessageTtl;
import io.nats.client.impl.Headers;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Buckets as those see them who watch, and object stores. */
final class Watching {
    private Watching() {}

    static void register(Map<String, Scenarios.Scenario> all) {
        all.put("kv-history", Watching::history);
        all.put("kv-watch", Watching::watch);
        all.put("kv-keys", Watching::keys);
        all.put("kv-markers", Watching::markers);
        all.put("kv-mirror", Watching::mirror);
        all.put("object-life", Watching::objectLife);
        all.put("object-large", Watching::objectLarge);
        all.put("object-links", Watching::objectLinks);
        all.put("object-watch", Watching::objectWatch);
    }

    private static KeyValue bucket(Streams s, KeyValueConfiguration.Builder given)
        throws Exception {
        KeyValueConfiguration config = given.build();
        s.session.nc.keyValueManagement().create(config);
        s.made.add("KV_" + config.getBucketName());
        return s.session.nc.keyValue(config.getBucketName());
    }

    private static KeyValue filled(Streams s, String name, int history) throws Exception {
        KeyValue kv = bucket(s, KeyValueConfiguration.builder(name).maxHistoryPerKey(history));
        for (String key : List.of("a.one", "a.two", "b", "a.one", "a.one.deep")) {
            kv.put(key, "v " + key);
        }
        kv.delete("b");
        return kv;
    }

    private static String entry(KeyValueEntry e) {
        return e == null ? "(none)" : "(" + e.getKey() + " " + e.getValueAsString() + " "
            + e.getRevision() + " " + e.getOperation() + ")";
    }

    private static String history(KeyValue kv, String key) {
        return Streams.said(() -> {
            StringBuilder out = new StringBuilder();
            for (KeyValueEntry e : kv.history(key)) {
                out.append(entry(e)).append(e.getDelta());
            }
            return out;
        });
    }

    private static String history() throws Exception {
        try (Streams s = new Streams()) {
            KeyValue kv = filled(s, "HIST", 4);
            List<String> out = new ArrayList<>(
                List.of(history(kv, "a.one"), history(kv, "b"), history(kv, "none")));
            for (int i = 0; i < 6; i++) {
                kv.put("many", i);
            }
            out.add(history(kv, "many"));
            kv.purge("many");
            out.add(history(kv, "many"));
            kv.purgeDeletes(
                KeyValuePurgeOptions.builder().deleteMarkersNoThreshold().build());
            out.add(history(kv, "many") + history(kv, "b") + kv.getStatus().getEntryCount());
            return String.join("; ", out);
        }
    }

    /** Collects what it is told. */
    private static final class Ear implements KeyValueWatcher {
        final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

        @Override
        public void watch(KeyValueEntry e) {
            heard.add(entry(e));
        }

        @Override
        public void endOfData() {
            heard.add("|");
        }
    }

    private static String rest(BlockingQueue<String> heard) throws InterruptedException {
        StringBuilder out = new StringBuilder("{");
        String one = heard.poll(Harness.PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        for (; one != null; one = heard.poll(Harness.QUIET.toMillis(), TimeUnit.MILLISECONDS)) {
            out.append(one);
        }
        return out.append("}").toString();
    }

    private static String watch(KeyValue kv, String keys, long from, KeyValueWatchOption... how)
        throws Exception {
        Ear ear = new Ear();
        try (AutoCloseable watching =
            from == 0 ? kv.watch(keys, ear, how) : kv.watch(keys, ear, from, how)) {
            kv.put("a.new", "new");
            kv.put("z", "z");
            kv.delete("a.new");
            return rest(ear.heard);
        }
    }

    private static String watch() throws Exception {
        try (Streams s = new Streams()) {
            KeyValue kv = filled(s, "WATCH", 40);
            return watch(kv, "a.*", 0) + watch(kv, ">", 0)
                + watch(kv, "a.>", 0, KeyValueWatchOption.INCLUDE_HISTORY)
                + watch(kv, "a.*", 0, KeyValueWatchOption.UPDATES_ONLY)
                + watch(kv, ">", 0, KeyValueWatchOption.META_ONLY)
                + watch(kv, "a.*", 0, KeyValueWatchOption.IGNORE_DELETE)
                + watch(kv, "a.*", 4) + watch(kv, "none.*", 0);
        }
    }

    private static String sorted(Streams.Call call) {
        return Streams.said(() -> ((List<?>) call.run()).stream().sorted().toList());
    }

    private static String keys() throws Exception {
        try (Streams s = new Streams()) {
            KeyValue kv = filled(s, "LISTKEYS", 4);
            KeyValue empty = bucket(s, KeyValueConfiguration.builder("NOKEYS"));
            return String.join("; ", sorted(kv::keys), sorted(empty::keys),
                sorted(() -> kv.keys("a.*")), sorted(() -> kv.keys(List.of("a.>", "b"))),
                sorted(() -> kv.keys("none")));
        }
    }

    private static String markers() throws Exception {
        try (Streams s = new Streams()) {
            KeyValue kv = bucket(s, KeyValueConfiguration.builder("MARKED").maxHistoryPerKey(2)
                .ttl(Duration.ofSeconds(1)).limitMarker(Duration.ofHours(1)));
            Ear ear = new Ear();
            List<String> got = new ArrayList<>();
            try (AutoCloseable watching = kv.watchAll(ear)) {
                got.add(Harness.first(ear.heard));
                kv.put("aged", "x");
                kv.create("short", "y".getBytes(), MessageTtl.seconds(1));
                for (int i = 0; i < 4; i++) {
                    got.add(Harness.first(ear.heard).replaceAll(" [34] PURGE", " PURGE"));
                }
            }
            got.sort(null);
            return got.toString();
        }
    }

    private static String mirror() throws Exception {
        try (Streams s = new Streams()) {
            filled(s, "ORIGINAL", 4);
            KeyValue kv = bucket(s, KeyValueConfiguration.builder("COPY")
                .mirror(Mirror.builder().name("ORIGINAL").build()));
            String count = Streams.until(() -> kv.getStatus().getEntryCount(), "4"::equals);
            return count + Streams.said(() -> kv.put("through", "x"));
        }
    }

    private static ObjectStore store(Streams s, ObjectStoreConfiguration.Builder given)
        throws Exception {
        ObjectStoreConfiguration config = given.build();
        s.session.nc.objectStoreManagement().create(config);
        s.made.add("OBJ_" + config.getBucketName());
        return s.session.nc.objectStore(config.getBucketName());
    }

    private static String object(ObjectInfo i) {
        return i == null ? "(none)" : "(" + i.getBucket() + "/" + i.getObjectName() + " "
            + i.getDescription() + " " + Streams.headers(i.getHeaders()) + " " + i.getSize() + " "
            + i.getChunks() + " " + i.getDigest() + " deleted=" + i.isDeleted() + " "
            + (i.isLink() ? i.getLink().getBucket() + "/" + i.getLink().getObjectName() : "") + ")";
    }

    private static String object(Streams.Call call) {
        return Streams.said(() -> object((ObjectInfo) call.run()));
    }

    private static String status(ObjectStoreStatus s) {
        return s.getBucketName() + " " + s.getDescription() + " " + s.getTtl() + " "
            + s.getStorageType() + " " + s.isSealed() + " " + (s.getSize() > 0) + " "
            + s.isCompressed();
    }

    private static String content(ObjectStore store, String name) {
        return Streams.said(() -> {
            ByteArrayOutputStream into = new ByteArrayOutputStream();
            ObjectInfo info = store.get(name, into);
            return object(info) + into;
        });
    }

    private static String objectLife() throws Exception {
        try (Streams s = new Streams()) {
            ObjectStore store = store(s, ObjectStoreConfiguration.builder("FILES")
                .description("files").ttl(Duration.ofHours(1)).maxBucketSize(1 << 20)
                .compression(true).metadata(Map.of("a", "b")));
            ObjectMeta meta = ObjectMeta.builder("a file/with *").description("described")
                .headers(new Headers().add("H", "1")).chunkSize(10).build();
            List<String> out = new ArrayList<>();
            out.add(status(store.getStatus()));
            out.add(Streams.said(() -> s.session.nc.objectStoreManagement().getStatus("NONE")));
            out.add(object(() -> store.put(meta,
                new ByteArrayInputStream("0123456789abcdefghijklmno".getBytes()))));
            out.add(object(() -> store.put("small", "x".getBytes())));
            out.add(object(() -> store.put("empty", new byte[0])));
            out.add(content(store, "a file/with *") + object(() -> store.getInfo("small")));
            out.add(content(store, "none"));
            out.add(object(() -> store.put("small", "replaced".getBytes())));
            out.add(object(() -> store.updateMeta("small", ObjectMeta.objectName("renamed"))));
            out.add(object(() -> store.updateMeta("renamed", ObjectMeta.objectName("empty"))));
            out.add(object(() -> store.delete("empty")) + object(() -> store.delete("none")));
            out.add(object(() -> store.getInfo("empty")));
            out.add(object(() -> store.getInfo("empty", true)));
            List<ObjectInfo> all = new ArrayList<>(store.getList());
            all.sort(Comparator.comparing(ObjectInfo::getObjectName));
            all.forEach(i -> out.add(object(i)));
            out.add(Streams.said(() -> status(store.seal())));
            out.add(object(() -> store.put("late", "x".getBytes())));
            for (int i = 0; i < 2; i++) {
                out.add(Streams.done(() -> s.session.nc.objectStoreManagement().delete("FILES")));
            }
            return String.join("; ", out);
        }
    }

    private static String objectLarge() throws Exception {
        try (Streams s = new Streams()) {
            ObjectStore store = store(s, ObjectStoreConfiguration.builder("LARGE"));
            String put = object(() -> store.put("large", Harness.pattern(4 << 20)));
            ByteArrayOutputStream into = new ByteArrayOutputStream();
            store.get("large", into);
            return put + into.size() + Harness.hash(List.of(into.toByteArray()))
                + s.state("OBJ_LARGE") + object(() -> store.delete("large"))
                + s.state("OBJ_LARGE");
        }
    }

    private static String objectLinks() throws Exception {
        try (Streams s = new Streams()) {
            ObjectStore store = store(s, ObjectStoreConfiguration.builder("LINKS"));
            ObjectStore other = store(s, ObjectStoreConfiguration.builder("OTHERS"));
            ObjectInfo target = store.put("target", "content".getBytes());
            return String.join("; ", object(() -> store.addLink("link", target)),
                object(() -> other.addLink("far", target)),
                object(() -> store.addBucketLink("whole", other)),
                object(() -> store.addLink("twice", store.getInfo("link"))),
                object(() -> store.addLink("target", target)), content(store, "link"),
                content(store, "whole"), content(other, "far"),
                object(() -> store.delete("target")), content(other, "far"));
        }
    }

    private static String objectWatch() throws Exception {
        try (Streams s = new Streams()) {
            ObjectStore store = store(s, ObjectStoreConfiguration.builder("WATCHED"));
            store.put("before", "1".getBytes());
            BlockingQueue<String> heard = new LinkedBlockingQueue<>();
            ObjectStoreWatcher ear = new ObjectStoreWatcher() {
                @Override
                public void watch(ObjectInfo info) {
                    heard.add(object(info));
                }

                @Override
                public void endOfData() {
                    heard.add("|");
                }
            };
            try (AutoCloseable watching = store.watch(ear)) {
                store.put("after", "2".getBytes());
                store.delete("before");
                return rest(heard);
            }
        }
    }
}
