import io.nats.client.PurgeOptions;
import io.nats.client.api.AccountStatistics;
import io.nats.client.api.CompressionOption;
import io.nats.client.api.ConsumerLimits;
import io.nats.client.api.DiscardPolicy;
import io.nats.client.api.Mirror;
import io.nats.client.api.PersistMode;
import io.nats.client.api.Placement;
import io.nats.client.api.Republish;
import io.nats.client.api.Source;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.api.StreamInfo;
import io.nats.client.api.StreamInfoOptions;
import io.nats.client.api.SubjectTransform;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Streams: their lives, configurations and errors, purges and deletes. */
final class Managing {
    private Managing() {}

    static void register(Map<String, Scenarios.Scenario> all) {
        all.put("jetstream-disabled", Managing::jetstreamDisabled);
        all.put("jetstream-account", Managing::jetstreamAccount);
        all.put("stream-life", Managing::streamLife);
        all.put("stream-fields", Managing::streamFields);
        all.put("stream-errors", Managing::streamErrors);
        all.put("stream-update", Managing::streamUpdate);
        all.put("stream-list", Managing::streamList);
        all.put("stream-subjects", Managing::streamSubjects);
        all.put("stream-restart", Managing::streamRestart);
        all.put("stream-purge", Managing::streamPurge);
        all.put("stream-delete-message", Managing::streamDeleteMessage);
        all.put("stream-sealed", Managing::streamSealed);
        all.put("stream-mirror", Managing::streamMirror);
    }

    private static StreamConfiguration.Builder named(String name, String... subjects) {
        return Streams.named(name, subjects);
    }

    private static String jetstreamDisabled() throws Exception {
        // This client takes the answer that nobody is there for none, and waits on.
        try (Streams s = new Streams("plain", Harness.QUIET)) {
            return String.join("; ",
                Streams.said(() -> s.jsm.getAccountStatistics()),
                Streams.said(() -> s.jsm.getStreamInfo("S")),
                Streams.said(() -> s.make(named("S", "s"))),
                s.put("s", "x"),
                Streams.said(() -> s.jsm.getStreamNames()),
                Streams.said(() -> s.session.nc.keyValueManagement().getBucketNames()));
        }
    }

    private static String usage(AccountStatistics a) {
        return a.getMemory() + " " + a.getStorage() + " " + a.getReservedMemory() + " "
            + a.getReservedStorage() + " " + a.getStreams() + " " + a.getConsumers() + " "
            + a.getDomain() + " " + a.getTiers() + " " + a.getLimits().getMaxMemory() + " "
            + a.getLimits().getMaxStorage() + " " + a.getLimits().getMaxStreams() + " "
            + a.getLimits().getMaxConsumers() + " " + a.getLimits().isMaxBytesRequired();
    }

    private static String jetstreamAccount() throws Exception {
        try (Streams s = new Streams()) {
            AccountStatistics before = s.jsm.getAccountStatistics();
            s.make(named("FILE", "file"));
            s.make(named("MEM", "mem").storageType(StorageType.Memory).maxBytes(1 << 20));
            s.fill("file", "file", "mem");
            String refused = s.state("NONE");
            AccountStatistics after = s.jsm.getAccountStatistics();
            return usage(before) + "; " + refused + "; " + usage(after) + " api "
                + after.getApi().getLevel() + " "
                + (after.getApi().getTotalApiRequests() - before.getApi().getTotalApiRequests())
                + " " + (after.getApi().getErrorCount() - before.getApi().getErrorCount());
        }
    }

    private static String streamLife() throws Exception {
        try (Streams s = new Streams()) {
            StreamInfo first = s.make(named("LIFE", "life.>"));
            StreamInfo again = s.jsm.addStream(named("LIFE", "life.>").build());
            s.fill("life.a", "life.b", "life.a");
            StreamConfiguration changed =
                named("LIFE", "life.>").maxMessages(2).description("shorter").build();
            StreamInfo updated = s.jsm.updateStream(changed);
            return String.join("; ", Streams.config(first), Streams.config(updated),
                Streams.state(updated),
                first.getCreateTime().equals(again.getCreateTime()) + " "
                    + first.getCreateTime().equals(updated.getCreateTime()),
                Streams.said(() -> s.jsm.deleteStream("LIFE")),
                Streams.said(() -> s.jsm.deleteStream("LIFE")), s.state("LIFE"),
                Streams.said(() -> s.jsm.updateStream(changed)),
                Streams.said(() -> s.jsm.purgeStream("LIFE")), s.put("life.a", "x"));
        }
    }

    /** A configuration that sets whatever fits together. */
    private static StreamConfiguration.Builder everyField() {
        return named("FIELDS", "f.*", "g.>").description("all of them").maxConsumers(7)
            .maxMessages(1000).maxBytes(1 << 20).discardPolicy(DiscardPolicy.New)
            .discardNewPerSubject(true).maxAge(Duration.ofHours(1)).maxMessagesPerSubject(10)
            .maximumMessageSize(4096).storageType(StorageType.File).replicas(1)
            .duplicateWindow(Duration.ofSeconds(90)).denyDelete(true).allowRollup(true)
            .firstSequence(1000).compressionOption(CompressionOption.S2)
            .republish(new Republish(">", "again.>", true))
            .subjectTransform(new SubjectTransform("f.*", "h.{{wildcard(1)}}"))
            .allowDirect(true).metadata(Map.of("owner", "java"))
            .consumerLimits(ConsumerLimits.builder().inactiveThreshold(Duration.ofMinutes(1))
                .maxAckPending(50L).build())
            .allowMessageTtl().subjectDeleteMarkerTtl(Duration.ofMinutes(1))
            .allowAtomicPublish().allowBatched();
    }

    private static String streamFields() throws Exception {
        try (Streams s = new Streams()) {
            return String.join("; ", Streams.config(s.make(everyField())), s.put("f.a", "x"),
                Streams.config(s.memory("SIMPLE", "SIMPLE")),
                Streams.config(s.make(named("COUNT", "c").allowMessageCounter())),
                Streams.config(s.make(named("PLAN", "p").allowMessageSchedules())));
        }
    }

    private static StreamConfiguration.Builder x() {
        return named("X", "x");
    }

    private static List<StreamConfiguration.Builder> wrong() {
        return List.of(named("TAKEN", "other"), named("X", "taken.one"), named("X", ">"),
            named("X", "x.*", "x.a"), named("X", "$JS.API.>"), named("X", "x..y"),
            named("n".repeat(300), "x"), x().replicas(3), x().maxAge(1),
            x().maxAge(60_000).duplicateWindow(3_600_000), x().discardNewPerSubject(true),
            x().denyPurge(true).allowRollup(true), x().seal(),
            x().subjectDeleteMarkerTtl(Duration.ofSeconds(1)).denyPurge(true),
            x().allowMessageCounter().discardPolicy(DiscardPolicy.New),
            x().allowMessageCounter().allowMessageTtl(),
            x().republish(new Republish(">", "x", false)),
            x().subjectTransform(new SubjectTransform("*", "y.{{wildcard(2)}}")),
            x().storageType(StorageType.Memory).persistMode(PersistMode.Async),
            x().placement(new Placement("east", null)));
    }

    private static String streamErrors() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("TAKEN", "taken.*"));
            List<String> out = new ArrayList<>();
            for (StreamConfiguration.Builder given : wrong()) {
                String outcome = Streams.said(() -> s.jsm.addStream(given.build()));
                if (!outcome.startsWith("[")) {
                    s.jsm.deleteStream("X");
                }
                out.add(outcome);
            }
            // Of names that are no names this client hears nothing.
            try (Streams hasty = new Streams("jetstream", Harness.QUIET)) {
                for (String name : List.of("NONE", "a.b", "", "a*", "a b")) {
                    out.add(hasty.state(name));
                }
            }
            out.add(Streams.said(() -> named("X", "x").maxAge(Duration.ofSeconds(-1)).build()));
            return String.join("; ", out);
        }
    }

    private static StreamConfiguration.Builder up(String... subjects) {
        return named("UP", subjects.length > 0 ? subjects : new String[] {"up.a"}).maxConsumers(5);
    }

    private static String streamUpdate() throws Exception {
        try (Streams s = new Streams()) {
            s.make(up());
            s.fill("up.a", "up.a", "up.a");
            List<String> out = new ArrayList<>();
            for (StreamConfiguration.Builder changed : List.of(
                up().storageType(StorageType.Memory), up().maxConsumers(6), up().replicas(3),
                up().firstSequence(9), up().allowMessageCounter(), up("up.a", "up.b"),
                up().maxMessages(2).maxAge(Duration.ofHours(1)), up().metadata(Map.of("a", "b")),
                up().denyDelete(true), up().allowMessageTtl())) {
                out.add(Streams.said(() -> Streams.config(s.jsm.updateStream(changed.build()))));
            }
            return String.join("; ", out) + s.state("UP");
        }
    }

    private static String streamList() throws Exception {
        try (Streams s = new Streams()) {
            for (String name : List.of("C", "A", "B")) {
                s.make(named(name, "list." + name));
            }
            s.fill("list.A", "list.A");
            StringBuilder out = new StringBuilder(s.jsm.getStreamNames().toString());
            for (String subject : List.of("list.*", "list.B", "none")) {
                out.append(s.jsm.getStreamNames(subject));
                for (StreamInfo info : s.jsm.getStreams(subject)) {
                    out.append(" ").append(info.getConfiguration().getName()).append("=")
                        .append(info.getStreamState().getMsgCount());
                }
            }
            return out.toString();
        }
    }

    private static String streamSubjects() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("SUBJ", "s.>"));
            s.make(named("EMPTY", "empty"));
            s.fill("s.a", "s.b", "s.a", "s.c.d", "s.b", "s.a");
            s.jsm.deleteMessage("SUBJ", 2);
            s.jsm.deleteMessage("SUBJ", 4);
            List<String> out = new ArrayList<>();
            for (String filter : List.of(">", "s.*", "s.a", "s.none", "other")) {
                out.add(s.state("SUBJ", filter));
            }
            StreamInfoOptions details = StreamInfoOptions.deletedDetails();
            for (String name : List.of("SUBJ", "EMPTY")) {
                out.add(Streams.said(() -> s.jsm.getStreamInfo(name, details)));
            }
            return String.join("; ", out);
        }
    }

    private static String streamRestart() throws Exception {
        try (Streams s = new Streams()) {
            StreamInfo before = s.make(named("KEPT", "kept.>").metadata(Map.of("a", "b")));
            s.memory("LOST", "lost");
            s.fill("kept.a", "kept.b", "kept.a", "lost", "kept.c");
            List<String> out = new ArrayList<>();
            out.add(s.put("kept.a", "once", "Nats-Msg-Id", "id-1"));
            s.jsm.deleteMessage("KEPT", 2);
            Harness.order("restart", "jetstream");
            Streams.until(() -> s.jsm.getAccountStatistics().getStreams(),
                got -> !got.startsWith("["));
            StreamInfo after = s.jsm.getStreamInfo("KEPT");
            out.add(Streams.config(before).equals(Streams.config(after)) + " "
                + before.getCreateTime().equals(after.getCreateTime()));
            out.addAll(List.of(s.state("KEPT", ">"), s.state("LOST"),
                s.put("kept.a", "once", "Nats-Msg-Id", "id-1"),
                s.put("kept.a", "more", "Nats-Msg-Id", "id-2")));
            for (long seq : new long[] {1, 2, 5, 6}) {
                out.add(s.get("KEPT", seq));
            }
            return String.join("; ", out);
        }
    }

    private static String streamPurge() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("PURGE", "p.*"));
            List<PurgeOptions> hows = List.of(
                PurgeOptions.builder().subject("p.a").keep(1).build(),
                PurgeOptions.subject("p.b"), PurgeOptions.builder().sequence(5).build(),
                PurgeOptions.builder().keep(2).build(), PurgeOptions.subject("p.none"),
                PurgeOptions.builder().subject("p.a").sequence(10).build(),
                PurgeOptions.builder().subject("*.*").keep(1).build());
            List<String> out = new ArrayList<>();
            for (int i = 0; i < hows.size(); i++) {
                if (List.of(0, 3, 5).contains(i)) {
                    s.fill("p.a", "p.b", "p.a", "p.c", "p.a", "p.b");
                }
                PurgeOptions how = hows.get(i);
                out.add(Streams.said(() -> s.jsm.purgeStream("PURGE", how)) + s.state("PURGE"));
            }
            out.add(Streams.said(() -> s.jsm.purgeStream("PURGE")) + s.state("PURGE"));
            out.add(Streams.said(() -> PurgeOptions.builder().sequence(10).keep(1).build()));
            return String.join("; ", out);
        }
    }

    private static String streamDeleteMessage() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("DEL", "d"));
            s.fill("d", "d", "d", "d", "d");
            List<String> out = new ArrayList<>();
            for (long seq : new long[] {2, 3, 2, 99, 3, 1, 5}) {
                boolean erase = seq == 3;
                out.add(Streams.said(() -> s.jsm.deleteMessage("DEL", seq, erase)));
                out.add(Streams.said(() -> s.jsm.getStreamInfo("DEL",
                    StreamInfoOptions.deletedDetails())));
            }
            out.addAll(List.of(s.get("DEL", 3), s.put("d", "6"), s.state("DEL")));
            return String.join("; ", out);
        }
    }

    private static String streamSealed() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("SEAL", "seal"));
            s.fill("seal", "seal");
            List<String> out = new ArrayList<>();
            for (boolean sealed : new boolean[] {false, true, false}) {
                StreamConfiguration.Builder given =
                    named("SEAL", "seal").denyDelete(true).denyPurge(true);
                StreamConfiguration changed = (sealed ? given.seal() : given).build();
                out.add(Streams.said(() -> Streams.config(s.jsm.updateStream(changed))));
                out.add(Streams.said(() -> s.jsm.deleteMessage("SEAL", 1)));
                out.add(Streams.said(() -> s.jsm.purgeStream("SEAL")));
                out.add(s.put("seal", "x"));
            }
            return String.join("; ", out) + s.state("SEAL");
        }
    }

    private static Mirror mirror(String name) {
        return Mirror.builder().name(name).build();
    }

    private static String streamMirror() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("ORIGIN", "o.*"));
            s.fill("o.a", "o.b", "o.a");
            Source origin = Source.builder().name("ORIGIN").build();
            Source turned = Source.builder().name("ORIGIN")
                .subjectTransforms(new SubjectTransform("o.a", "from.a")).build();
            String configs = Streams.config(s.make(named("MIRROR").mirror(mirror("ORIGIN"))))
                + Streams.config(s.make(named("SOURCED", "own").sources(turned)));
            Streams.until(() -> s.state("MIRROR"), got -> got.startsWith("messages=3"));
            Streams.until(() -> s.state("SOURCED"), got -> got.startsWith("messages=2"));
            List<String> out = new ArrayList<>(List.of(configs, s.put("own", "x"),
                s.state("MIRROR", ">"), s.get("MIRROR", 2), s.state("SOURCED", ">"),
                s.get("SOURCED", 1),
                Streams.said(() -> s.jsm.updateStream(named("MIRROR", "promoted").build())),
                s.put("promoted", "x")));
            Mirror wrong = Mirror.builder().name("ORIGIN").filterSubject("a..b").build();
            for (StreamConfiguration.Builder given : List.of(x().mirror(mirror("ORIGIN")),
                named("X").mirror(mirror("X")), named("X").mirror(wrong),
                named("X").mirror(mirror("ORIGIN")).sources(origin))) {
                out.add(Streams.said(() -> s.jsm.addStream(given.build())));
            }
            return String.join("; ", out);
        }
    }
}
