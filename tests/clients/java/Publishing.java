import io.nats.client.Message;
import io.nats.client.PublishOptions;
import io.nats.client.Subscription;
import io.nats.client.api.DiscardPolicy;
import io.nats.client.api.PublishAck;
import io.nats.client.api.Republish;
import io.nats.client.api.StorageType;
import io.nats.client.api.StreamConfiguration;
import io.nats.client.api.SubjectTransform;
import io.nats.client.impl.Headers;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Publishing into streams, what becomes of it, and reading it back. */
final class Publishing {
    private Publishing() {}

    static void register(Map<String, Scenarios.Scenario> all) {
        all.put("publish-ack", Publishing::publishAck);
        all.put("publish-async", Publishing::publishAsync);
        all.put("publish-duplicates", Publishing::publishDuplicates);
        all.put("publish-expectations", Publishing::publishExpectations);
        all.put("publish-rollup", Publishing::publishRollup);
        all.put("publish-ttl", Publishing::publishTtl);
        all.put("publish-limits", Publishing::publishLimits);
        all.put("publish-max-age", Publishing::publishMaxAge);
        all.put("publish-no-ack", Publishing::publishNoAck);
        all.put("publish-batch", Publishing::publishBatch);
        all.put("publish-counter", Publishing::publishCounter);
        all.put("publish-schedule", Publishing::publishSchedule);
        all.put("subject-transform", Publishing::subjectTransform);
        all.put("republish", Publishing::republish);
        all.put("get-message", Publishing::getMessage);
        all.put("direct-get", Publishing::directGet);
    }

    private static StreamConfiguration.Builder named(String name, String... subjects) {
        return Streams.named(name, subjects);
    }

    private static PublishOptions.Builder options() {
        return PublishOptions.builder();
    }

    private static String publishAck() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("ACK", "ack.>"));
            s.memory("ACKMEM", "mem.>");
            List<String> out = new ArrayList<>(List.of(s.put("ack.a", "first"),
                s.put("ack.b", ""), s.put("mem.a", "third")));
            byte[] body = Harness.pattern((int) s.session.nc.getMaxPayload());
            out.add(Streams.said(() -> s.js.publish("ack.large", body)));
            byte[] kept = s.jsm.getMessage("ACK", 3).getData();
            out.add("same=" + Harness.hash(List.of(kept)).equals(Harness.hash(List.of(body))));
            out.add(s.put("ack.c", "with", "Colour", "red", "Colour", "blue", "lower", ""));
            out.add(s.get("ACK", 4));
            Harness.publish(s.session.nc, "ack.plain");
            out.addAll(List.of(s.put("ack.a", "after"), s.put("nobody.listens", "x"),
                s.state("ACK"), s.state("ACKMEM")));
            return String.join("; ", out);
        }
    }

    private static String publishAsync() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("MANY", "async.*"));
            List<CompletableFuture<PublishAck>> acks = new ArrayList<>();
            for (int i = 0; i < 2000; i++) {
                byte[] body = String.valueOf(i).getBytes();
                acks.add(s.js.publishAsync("async." + i % 7, body));
            }
            int inOrder = 0;
            for (int i = 0; i < acks.size(); i++) {
                inOrder += acks.get(i).get(30, TimeUnit.SECONDS).getSeqno() == i + 1 ? 1 : 0;
            }
            PublishOptions wrong = options().expectedLastSequence(1).build();
            return "in order " + inOrder + s.get("MANY", 1) + s.get("MANY", 999)
                + s.get("MANY", 2000) + Streams.said(
                    () -> s.js.publishAsync("async.0", null, wrong).get(5, TimeUnit.SECONDS))
                + s.state("MANY");
        }
    }

    private static String publishDuplicates() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("DUP", "dup.*"));
            s.make(named("SHORT", "short").duplicateWindow(1000));
            List<String> out = new ArrayList<>();
            for (String[] one : List.of(new String[] {"dup.a", "a"}, new String[] {"dup.a", "a"},
                new String[] {"dup.b", "a"}, new String[] {"dup.a", "b"},
                new String[] {"short", "a"}, new String[] {"short", "a"})) {
                out.add(s.put(one[0], "x", options().messageId(one[1])));
            }
            s.jsm.deleteMessage("DUP", 2);
            out.add(s.put("dup.a", "x", options().messageId("b")));
            s.jsm.purgeStream("DUP");
            out.add(s.put("dup.a", "x", options().messageId("b")));
            out.add(Streams.until(() -> s.put("short", "x", options().messageId("a")),
                ack -> !ack.contains("true")));
            return String.join("; ", out) + s.state("DUP") + s.state("SHORT");
        }
    }

    private static String publishExpectations() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("EXP", "e.>"));
            String bySubject = "Nats-Expected-Last-Subject-Sequence";
            return String.join("; ",
                s.put("e.a", "x", options().expectedStream("EXP")),
                s.put("e.a", "x", options().expectedStream("OTHER")),
                s.put("e.a", "x", options().expectedLastSequence(1)),
                s.put("e.a", "x", options().expectedLastSequence(1)),
                s.put("e.a", "x", options().expectedLastSequence(0)),
                s.put("e.b", "x", options().expectedLastSubjectSequence(0)),
                s.put("e.b", "x", options().expectedLastSubjectSequence(3)),
                s.put("e.b", "x", options().expectedLastSubjectSequence(3)),
                s.put("e.c", "x", options().expectedLastSubjectSequence(4)
                    .expectedLastSubjectSequenceSubject("e.b")),
                s.put("e.c", "x", options().expectedLastSubjectSequence(1)
                    .expectedLastSubjectSequenceSubject("e.*")),
                s.put("e.c", "x", bySubject + "-Subject", "e.b"),
                s.put("e.c", "x", bySubject, "many"),
                s.put("e.a", "x", options().expectedLastMsgId("none")),
                s.put("e.a", "x", options().messageId("one")),
                s.put("e.a", "x", options().expectedLastMsgId("one").messageId("two")),
                s.put("e.a", "x", options().expectedLastMsgId("one").messageId("three")),
                s.state("EXP"));
        }
    }

    private static String publishRollup() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("ROLL", "r.*").allowRollup(true));
            s.make(named("NOROLL", "n"));
            s.fill("r.a", "r.b", "r.a", "r.c");
            return String.join("; ", s.put("r.a", "sum", "Nats-Rollup", "sub"),
                s.state("ROLL", ">"), s.put("r.d", "sum", "Nats-Rollup", "all"),
                s.state("ROLL", ">"), s.put("r.a", "x", "Nats-Rollup", "some"),
                s.put("n", "x", "Nats-Rollup", "sub"), s.state("ROLL", ">"));
        }
    }

    private static String publishTtl() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("TTL", "t.*").allowMessageTtl().allowRollup(true)
                .subjectDeleteMarkerTtl(Duration.ofHours(1)).maxMessagesPerSubject(1));
            s.make(named("RAISED", "raised").allowMessageTtl().allowRollup(true)
                .subjectDeleteMarkerTtl(Duration.ofHours(1)));
            s.make(named("NOTTL", "n"));
            List<String> out = new ArrayList<>(List.of(
                s.put("t.a", "x", options().messageTtlSeconds(1)),
                s.put("t.b", "x", options().messageTtlSeconds(3600)),
                s.put("raised", "x", options().messageTtlSeconds(1)),
                s.put("n", "x", options().messageTtlSeconds(1)),
                s.put("t.c", "x", options().messageTtlNever())));
            for (String value : List.of("soon", "0", "-1s", "1ms", "60")) {
                out.add(s.put("t.c", value, "Nats-TTL", value));
            }
            out.add(Streams.until(() -> s.get("TTL", 1), got -> got.startsWith("[")));
            out.addAll(List.of(s.last("TTL", "t.a"), s.get("TTL", 2), s.get("RAISED", 1)));
            return String.join("; ", out) + s.state("TTL", ">");
        }
    }

    private static String publishLimits() throws Exception {
        try (Streams s = new Streams()) {
            List<StreamConfiguration.Builder> limits = new ArrayList<>();
            for (DiscardPolicy discard : List.of(DiscardPolicy.Old, DiscardPolicy.New)) {
                limits.add(named("").maxMessages(2).discardPolicy(discard));
                limits.add(named("").maxBytes(400).discardPolicy(discard));
                limits.add(named("").maxMessagesPerSubject(1).discardPolicy(discard));
            }
            limits.add(named("").maxMessages(3).maxMessagesPerSubject(1)
                .discardPolicy(DiscardPolicy.New).discardNewPerSubject(true));
            limits.add(named("").maximumMessageSize(100));
            limits.add(named("").maximumMessageSize(99));
            limits.add(named("").maxBytes(400).storageType(StorageType.Memory));
            List<String> out = new ArrayList<>();
            for (int i = 0; i < limits.size(); i++) {
                // nats-server may find what a stream deleted a moment ago under the same name held.
                String name = "LIMIT" + i;
                s.make(limits.get(i).name(name).subjects("l.*"));
                for (String subject : List.of("l.a", "l.b", "l.a", "l.a")) {
                    out.add(s.put(subject, "x".repeat(100)));
                }
                out.add(s.state(name, ">"));
                s.jsm.deleteStream(name);
            }
            return String.join("; ", out);
        }
    }

    private static String publishMaxAge() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("AGE", "age.*").maxAge(500).duplicateWindow(100));
            s.make(named("AGEMEM", "mem").maxAge(500).storageType(StorageType.Memory));
            s.fill("age.a", "age.b", "mem", "age.a");
            return Streams.until(() -> s.state("AGE"), got -> got.startsWith("messages=0")) + "; "
                + Streams.until(() -> s.state("AGEMEM"), got -> got.startsWith("messages=0"))
                + s.get("AGE", 1) + s.put("age.a", "x");
        }
    }

    private static String publishNoAck() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("NOACK", "quiet").noAck(true));
            return s.put("quiet", "x", options().streamTimeout(Harness.QUIET)) + s.state("NOACK");
        }
    }

    private static String send(Streams s, String id, String seq, String subject, String... more)
            throws Exception {
        Headers headers = new Headers().add("Nats-Batch-Id", id).add("Nats-Batch-Sequence", seq);
        for (int i = 0; i < more.length; i += 2) {
            headers.add(more[i], more[i + 1]);
        }
        Message answer = s.session.nc.request(subject, headers, (id + seq).getBytes(),
            Harness.PATIENCE);
        return answer == null ? "nothing" : new String(answer.getData());
    }

    /** By its headers: the client's batches are a library of their own. */
    private static String publishBatch() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("BATCH", "b.*").allowAtomicPublish());
            s.make(named("NOBATCH", "n"));
            String commit = "Nats-Batch-Commit";
            return String.join("; ", send(s, "one", "1", "b.a"), send(s, "one", "2", "b.b"),
                s.state("BATCH"), send(s, "one", "3", "b.a", commit, "1"),
                send(s, "alone", "1", "b.a", commit, "1"), send(s, "gap", "1", "b.a"),
                send(s, "gap", "3", "b.a"), send(s, "late", "2", "b.a"),
                send(s, "n", "1", "n", commit, "1"),
                send(s, "x".repeat(65), "1", "b.a", commit, "1"),
                send(s, "exp", "1", "b.a", "Nats-Expected-Last-Sequence", "77", commit, "1"),
                s.state("BATCH"), s.get("BATCH", 3));
        }
    }

    private static String publishCounter() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("SUMS", "c.*").allowMessageCounter().allowDirect(true));
            s.make(named("NOSUMS", "n"));
            List<String> out = new ArrayList<>();
            for (String by : List.of("1", "+41", "-50", "0", "99999999999999999999999", "many")) {
                out.add(s.put("c.a", "", "Nats-Incr", by));
            }
            out.addAll(List.of(s.put("c.a", "plain"), s.put("c.b", "body", "Nats-Incr", "5"),
                s.put("n", "", "Nats-Incr", "5"), s.last("SUMS", "c.a")));
            return String.join("; ", out);
        }
    }

    private static String publishSchedule() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("SCHED", "at.*", "to.*").allowMessageSchedules().allowMessageTtl());
            Instant soon = Instant.now().plusSeconds(2).truncatedTo(ChronoUnit.SECONDS);
            List<String> out = new ArrayList<>();
            for (String[] one : List.of(new String[] {"at.a", "@at " + soon, "to.a"},
                new String[] {"at.b", "@at 2120-01-01T00:00:00Z", "at.b"},
                new String[] {"at.b", "@every 1h", "elsewhere"},
                new String[] {"at.b", "@every 1h", "to.b"},
                new String[] {"at.c", "@hourly", "to.c"},
                new String[] {"at.c", "whenever", "to.c"})) {
                out.add(s.put(one[0], "later", "Nats-Schedule", one[1], "Nats-Schedule-Target",
                    one[2]));
            }
            out.add(Streams.until(() -> s.last("SCHED", "to.a"), got -> got.startsWith("(")));
            return String.join("; ", out) + s.state("SCHED", ">");
        }
    }

    private static String subjectTransform() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("TRANS", "in.*.*", "other").subjectTransform(
                new SubjectTransform("in.*.*", "out.{{wildcard(2)}}.{{wildcard(1)}}")));
            s.fill("in.a.b", "other", "in.x.y");
            return s.get("TRANS", 1) + s.get("TRANS", 2) + s.get("TRANS", 3)
                + s.state("TRANS", ">");
        }
    }

    private static String republish() throws Exception {
        try (Streams s = new Streams()) {
            s.make(named("AGAIN", "a.*", "h.*").republish(
                new Republish("a.*", "again.{{wildcard(1)}}", false)));
            s.make(named("HEADS", "heads.*").republish(new Republish(">", "top.>", true)));
            Subscription again = s.session.nc.subscribe("again.>");
            Subscription tops = s.session.nc.subscribe("top.>");
            s.session.nc.flush(Harness.PATIENCE);
            s.fill("a.x", "h.x", "a.y", "a.x", "heads.x");
            s.put("a.x", "headed", "Colour", "red");
            List<Message> got = new ArrayList<>(Harness.take(again, 4));
            got.addAll(Harness.take(tops, 1));
            StringBuilder out = new StringBuilder();
            for (Message m : got) {
                out.append(m.getSubject()).append(" ").append(new String(m.getData())).append(" ")
                    .append(Streams.headers(m.getHeaders())).append("; ");
            }
            return out.toString();
        }
    }

    private static String reads(Streams s, String name, boolean direct) throws Exception {
        s.make(named(name, "g.*").allowDirect(direct));
        s.fill("g.a", "g.b", "g.c", "g.a");
        s.put("g.h", "headed", "Colour", "red", "Colour", "blue");
        s.fill("g.b", "g.e");
        s.jsm.deleteMessage(name, 4);
        List<String> out = new ArrayList<>();
        for (long seq : new long[] {1, 3, 4, 5, 9, 0}) {
            out.add(s.get(name, seq));
        }
        for (String subject : List.of("g.a", "g.none", "g.*", ">")) {
            out.add(s.last(name, subject));
            out.add(Streams.said(() -> s.jsm.getFirstMessage(name, subject)));
            out.add(Streams.said(() -> s.jsm.getNextMessage(name, 2, subject)));
        }
        return String.join("; ", out);
    }

    private static String getMessage() throws Exception {
        try (Streams s = new Streams()) {
            return reads(s, "GET", false);
        }
    }

    private static String directGet() throws Exception {
        try (Streams s = new Streams()) {
            StringBuilder out = new StringBuilder(reads(s, "DIRECT", true));
            // The client's batches are a library of their own: the requests are written by hand.
            for (String request : List.of("{\"seq\":1,\"batch\":3}",
                "{\"multi_last\":[\"g.a\",\"g.b\"]}", "{\"batch\":2}")) {
                String inbox = s.session.nc.createInbox();
                Subscription sub = s.session.nc.subscribe(inbox);
                s.session.nc.publish("$JS.API.DIRECT.GET.DIRECT", inbox, request.getBytes());
                Message m;
                do {
                    m = sub.nextMessage(Harness.PATIENCE);
                    out.append("; ").append(m.isStatusMessage() ? m.getStatus().toString()
                        : new String(m.getData())).append(Streams.headers(m.getHeaders()));
                } while (!m.isStatusMessage());
                sub.unsubscribe();
            }
            return out.toString();
        }
    }
}
