import io.nats.client.ConsumerContext;
import io.nats.client.FetchConsumeOptions;
import io.nats.client.FetchConsumer;
import io.nats.client.IterableConsumer;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Message;
import io.nats.client.MessageConsumer;
import io.nats.client.OrderedConsumerContext;
import io.nats.client.PushSubscribeOptions;
import io.nats.client.StreamContext;
import io.nats.client.Subscription;
import io.nats.client.api.AckPolicy;
import io.nats.client.api.ConsumerConfiguration;
import io.nats.client.api.ConsumerInfo;
import io.nats.client.api.DeliverPolicy;
import io.nats.client.api.OrderedConsumerConfiguration;
import io.nats.client.api.PriorityPolicy;
import io.nats.client.api.ReplayPolicy;
import io.nats.client.api.RetentionPolicy;
import io.nats.client.impl.NatsJetStreamMetaData;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Consumers: their lives, what they deliver, and what is left of them. */
final class Consumers {
    private static final long MOMENT_MS = 300;
    private static final long PATIENCE_MS = Harness.PATIENCE.toMillis();

    private Consumers() {}

    static void register(Map<String, Scenarios.Scenario> all) {
        all.put("consumer-life", Consumers::life);
        all.put("consumer-list", Consumers::list);
        all.put("consumer-pull", Consumers::pull);
        all.put("consumer-acks", Consumers::acks);
        all.put("consumer-redelivery", Consumers::redelivery);
        all.put("consumer-push", Consumers::push);
        all.put("consumer-ordered", Consumers::ordered);
        all.put("consumer-starts", Consumers::starts);
        all.put("consumer-restart", Consumers::restart);
        all.put("consumer-pause", Consumers::pause);
        all.put("consumer-groups", Consumers::groups);
        all.put("work-queue", Consumers::workQueue);
        all.put("interest", Consumers::interest);
    }

    private static void orders(Streams s, String name, int rounds, String... subjects)
        throws Exception {
        s.make(Streams.named(name, name + ".>"));
        fill(s, name, rounds, subjects);
    }

    private static void fill(Streams s, String name, int rounds, String... subjects)
        throws Exception {
        for (int i = 0; i < rounds; i++) {
            for (String subject : subjects) {
                s.fill(name + "." + subject);
            }
        }
    }

    private static ConsumerConfiguration.Builder durable(String name) {
        return ConsumerConfiguration.builder().durable(name).ackPolicy(AckPolicy.Explicit);
    }

    private static String counts(ConsumerInfo i) {
        return "<" + i.getName() + " " + i.getDelivered().getConsumerSequence() + ","
            + i.getDelivered().getStreamSequence() + " floor "
            + i.getAckFloor().getConsumerSequence() + "," + i.getAckFloor().getStreamSequence()
            + " unacked=" + i.getNumAckPending() + " again=" + i.getRedelivered() + " pending="
            + i.getNumPending() + " paused=" + i.getPaused() + ">";
    }

    private static String counts(Streams s, String stream, String name) {
        return Streams.said(() -> counts(s.jsm.getConsumerInfo(stream, name)));
    }

    private static String add(Streams s, String stream, ConsumerConfiguration.Builder config) {
        return Streams.said(() -> counts(s.jsm.addOrUpdateConsumer(stream, config.build())));
    }

    private static String delivered(Message m) {
        if (m == null) {
            return "(none)";
        }
        NatsJetStreamMetaData d = m.metaData();
        return "(" + m.getSubject() + " " + new String(m.getData()) + " " + d.streamSequence() + "/"
            + d.consumerSequence() + " x" + d.deliveredCount() + " left=" + d.pendingCount() + " "
            + Streams.headers(m.getHeaders()) + " " + Streams.isSet(d.timestamp()) + ")";
    }

    private static ConsumerContext context(Streams s, String stream, String name)
        throws Exception {
        return s.session.nc.getStreamContext(stream).getConsumerContext(name);
    }

    private static FetchConsumeOptions.Builder many(int count) {
        return FetchConsumeOptions.builder().maxMessages(count).expiresIn(PATIENCE_MS);
    }

    private static List<Message> fetched(ConsumerContext c, FetchConsumeOptions.Builder options)
        throws Exception {
        List<Message> all = new ArrayList<>();
        try (FetchConsumer fetch = c.fetch(options.build())) {
            for (Message m = fetch.nextMessage(); m != null; m = fetch.nextMessage()) {
                all.add(m);
            }
        }
        return all;
    }

    private static String fetch(ConsumerContext c, FetchConsumeOptions.Builder options) {
        return Streams.said(() -> {
            StringBuilder out = new StringBuilder("{");
            fetched(c, options).forEach(m -> out.append(delivered(m)));
            return out.append("}");
        });
    }

    private static String life() throws Exception {
        try (Streams s = new Streams()) {
            orders(s, "LIVES", 2, "a", "b");
            ConsumerConfiguration.Builder every = durable("ALL").description("every field")
                .deliverPolicy(DeliverPolicy.ByStartSequence).startSequence(2)
                .ackWait(Duration.ofMinutes(1)).maxDeliver(5)
                .backoff(Duration.ofSeconds(1), Duration.ofMinutes(1)).filterSubject("LIVES.a")
                .replayPolicy(ReplayPolicy.Original).sampleFrequency("50%").maxPullWaiting(7)
                .maxAckPending(9).headersOnly(true).maxBatch(10).maxExpires(60000).maxBytes(1000)
                .inactiveThreshold(Duration.ofHours(1)).numReplicas(1).memStorage(true)
                .metadata(Map.of("a", "b"));
            ConsumerInfo made = s.jsm.createConsumer("LIVES", every.build());
            List<String> out = new ArrayList<>();
            out.add(made.getConsumerConfiguration().toJson() + counts(made));
            out.add(Streams.said(() -> counts(s.jsm.createConsumer("LIVES", every.build()))));
            every.maxAckPending(8);
            out.add(Streams.said(() -> counts(s.jsm.createConsumer("LIVES", every.build()))));
            out.add(Streams.said(() -> s.jsm.updateConsumer("LIVES", every.build())
                .getConsumerConfiguration().getMaxAckPending()));
            out.add(Streams.said(() -> s.jsm.updateConsumer("LIVES", durable("NONE").build())));
            out.add(add(s, "LIVES", durable("ALL").ackPolicy(AckPolicy.None)));
            out.add(counts(s, "LIVES", "NONE") + counts(s, "NONE", "ALL"));
            out.add(add(s, "NONE", durable("ALL")));
            out.add(add(s, "LIVES", durable("F").filterSubjects("LIVES.a", "LIVES.>")));
            out.add(add(s, "LIVES", durable("T").deliverPolicy(DeliverPolicy.LastPerSubject)));
            out.add(Streams.said(() -> durable("a.b").build()));
            for (int i = 0; i < 2; i++) {
                out.add(Streams.said(() -> s.jsm.deleteConsumer("LIVES", "ALL")));
            }
            ConsumerInfo unnamed =
                s.jsm.addOrUpdateConsumer("LIVES", ConsumerConfiguration.builder().build());
            out.add(String.valueOf(unnamed.getConsumerConfiguration().getInactiveThreshold()));
            return String.join("; ", out);
        }
    }

    private static String list() throws Exception {
        try (Streams s = new Streams()) {
            orders(s, "LISTED", 0);
            for (int i = 0; i < 260; i++) {
                s.jsm.addOrUpdateConsumer("LISTED", durable(String.format("C%03d", i)).build());
            }
            List<String> names = new ArrayList<>(s.jsm.getConsumerNames("LISTED"));
            List<ConsumerInfo> infos = s.jsm.getConsumers("LISTED");
            names.sort(null);
            return names.size() + names.get(0) + names.get(259) + " " + infos.size();
        }
    }

    private static String pull() throws Exception {
        try (Streams s = new Streams()) {
            orders(s, "PULLED", 6, "a", "b");
            add(s, "PULLED", durable("C"));
            ConsumerContext c = context(s, "PULLED", "C");
            List<String> out = new ArrayList<>();
            out.add(delivered(c.next(PATIENCE_MS)));
            out.add(fetch(c, many(3)));
            out.add(fetch(c, FetchConsumeOptions.builder().maxMessages(2).noWait()));
            out.add(fetch(c, FetchConsumeOptions.builder().maxBytes(150).expiresIn(1000)));
            out.add(fetch(c, FetchConsumeOptions.builder().maxMessages(20).noWait()));
            out.add(fetch(c, FetchConsumeOptions.builder().maxMessages(1).noWait()));
            out.add(fetch(c, FetchConsumeOptions.builder().maxMessages(1).expiresIn(1000)));
            out.add(delivered(c.next(1000)) + counts(s, "PULLED", "C"));
            add(s, "PULLED", durable("BOUNDED").maxBatch(2).ackPolicy(AckPolicy.None));
            ConsumerContext bounded = context(s, "PULLED", "BOUNDED");
            out.add(fetch(bounded, many(2)));
            add(s, "PULLED", durable("ITERATED"));
            try (IterableConsumer iterated = context(s, "PULLED", "ITERATED").iterate()) {
                for (int i = 0; i < 12; i++) {
                    out.add(delivered(iterated.nextMessage(PATIENCE_MS)));
                }
            }
            BlockingQueue<String> told = new LinkedBlockingQueue<>();
            add(s, "PULLED", durable("CONSUMING"));
            try (MessageConsumer running =
                context(s, "PULLED", "CONSUMING").consume(m -> told.add(delivered(m)))) {
                for (int i = 0; i < 12; i++) {
                    out.add(Harness.first(told));
                }
            }
            return String.join("; ", out);
        }
    }

    private static String acks() throws Exception {
        try (Streams s = new Streams()) {
            orders(s, "ACKED", 8, "a");
            add(s, "ACKED", durable("C"));
            ConsumerContext c = context(s, "ACKED", "C");
            List<Message> got = fetched(c, many(6));
            List<String> out = new ArrayList<>();
            for (int at : new int[] {1, 0}) {
                got.get(at).ackSync(Harness.PATIENCE);
                out.add(counts(s, "ACKED", "C"));
            }
            got.get(2).inProgress();
            got.get(2).nak();
            got.get(3).term();
            got.get(4).nakWithDelay(MOMENT_MS);
            got.get(5).ackSync(Harness.PATIENCE);
            out.add(counts(s, "ACKED", "C"));
            out.add(fetch(c, many(3)));
            out.add(delivered(c.next(PATIENCE_MS)));
            out.add(counts(s, "ACKED", "C"));
            add(s, "ACKED", durable("ALL").ackPolicy(AckPolicy.All));
            fetched(context(s, "ACKED", "ALL"), many(8)).get(4).ackSync(Harness.PATIENCE);
            return String.join("; ", out) + counts(s, "ACKED", "ALL");
        }
    }

    private static String redelivery() throws Exception {
        try (Streams s = new Streams()) {
            orders(s, "AGAIN", 2, "a");
            Subscription advised = s.session.nc
                .subscribe("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.AGAIN.C");
            add(s, "AGAIN", durable("C").maxDeliver(3)
                .backoff(Duration.ofMillis(200), Duration.ofMillis(300)));
            ConsumerContext c = context(s, "AGAIN", "C");
            Map<Long, List<Long>> seen = new TreeMap<>();
            for (int i = 0; i < 6; i++) {
                NatsJetStreamMetaData d = c.next(PATIENCE_MS).metaData();
                seen.computeIfAbsent(d.streamSequence(), seq -> new ArrayList<>())
                    .add(d.deliveredCount());
            }
            String late = delivered(c.next(1000));
            return seen + late + Harness.take(advised, 2).size() + counts(s, "AGAIN", "C");
        }
    }

    private static String push() throws Exception {
        try (Streams s = new Streams()) {
            orders(s, "PUSHED", 3, "a");
            PushSubscribeOptions options = durable("P").deliverSubject("pushed.to")
                .flowControl(500).buildPushSubscribeOptions("PUSHED");
            JetStreamSubscription sub = s.js.subscribe(null, options);
            List<String> out = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Message m = sub.nextMessage(Harness.PATIENCE);
                out.add(delivered(m));
                m.ackSync(Harness.PATIENCE);
            }
            out.add(counts(s, "PUSHED", "P"));
            out.add(Streams.said(() -> s.js.subscribe(null, options)));
            sub.unsubscribe();
            PushSubscribeOptions group = durable("Q").deliverSubject("pushed.group")
                .deliverGroup("g").buildPushSubscribeOptions("PUSHED");
            List<JetStreamSubscription> members = List.of(
                s.js.subscribe(null, "g", group), s.js.subscribe(null, "g", group));
            int all = 0;
            for (JetStreamSubscription member : members) {
                all += Harness.take(member, 0).size();
            }
            return String.join("; ", out) + all;
        }
    }

    private static String ordered() throws Exception {
        try (Streams s = new Streams()) {
            orders(s, "ORDERED", 5, "a", "b");
            StreamContext stream = s.session.nc.getStreamContext("ORDERED");
            stream.deleteMessage(3);
            OrderedConsumerContext c = stream.createOrderedConsumer(
                new OrderedConsumerConfiguration().filterSubject("ORDERED.a"));
            StringBuilder out = new StringBuilder();
            try (IterableConsumer iterated = c.iterate()) {
                for (int i = 0; i < 4; i++) {
                    out.append(delivered(iterated.nextMessage(PATIENCE_MS)));
                }
                s.fill("ORDERED.b", "ORDERED.a");
                out.append(iterated.nextMessage(PATIENCE_MS).metaData().streamSequence());
            }
            OrderedConsumerContext last = stream.createOrderedConsumer(
                new OrderedConsumerConfiguration().deliverPolicy(DeliverPolicy.LastPerSubject)
                    .filterSubject("ORDERED.>").headersOnly(true));
            out.append(delivered(last.next(PATIENCE_MS)));
            return out.toString();
        }
    }

    private static String starts() throws Exception {
        try (Streams s = new Streams()) {
            orders(s, "STARTS", 3, "a", "b", "c.d");
            ZonedDateTime third = s.jsm.getMessage("STARTS", 5).getTime();
            List<ConsumerConfiguration.Builder> configs = List.of(
                durable("C0"),
                durable("C1").deliverPolicy(DeliverPolicy.Last),
                durable("C2").deliverPolicy(DeliverPolicy.New),
                durable("C3").deliverPolicy(DeliverPolicy.LastPerSubject)
                    .filterSubject("STARTS.>"),
                durable("C4").deliverPolicy(DeliverPolicy.ByStartSequence).startSequence(7),
                durable("C5").deliverPolicy(DeliverPolicy.ByStartSequence).startSequence(70),
                durable("C6").deliverPolicy(DeliverPolicy.ByStartTime).startTime(third),
                durable("C7").deliverPolicy(DeliverPolicy.ByStartTime)
                    .startTime(ZonedDateTime.now().plusHours(1)),
                durable("C8").filterSubject("STARTS.*"),
                durable("C9").filterSubjects("STARTS.c.>", "STARTS.a"),
                durable("C10").filterSubject("STARTS.none"),
                durable("C11").filterSubject("OTHER"),
                durable("C12").deliverPolicy(DeliverPolicy.ByStartSequence));
            StringBuilder out = new StringBuilder();
            for (int i = 0; i < configs.size(); i++) {
                String made = add(s, "STARTS", configs.get(i));
                out.append(made);
                if (made.startsWith("<")) {
                    out.append(fetch(context(s, "STARTS", "C" + i),
                        FetchConsumeOptions.builder().maxMessages(20).noWait()));
                    out.append(counts(s, "STARTS", "C" + i));
                }
            }
            return out.toString();
        }
    }

    private static String restart() throws Exception {
        try (Streams s = new Streams()) {
            orders(s, "STAYING", 6, "a");
            add(s, "STAYING", durable("C"));
            add(s, "STAYING", durable("MEM").memStorage(true));
            ConsumerContext c = context(s, "STAYING", "C");
            List<Message> got = fetched(c, many(4));
            got.get(0).ackSync(Harness.PATIENCE);
            got.get(2).ackSync(Harness.PATIENCE);
            Harness.order("restart", "jetstream");
            String there = Streams.until(() -> counts(s, "STAYING", "C"), t -> t.startsWith("<"));
            return there + counts(s, "STAYING", "MEM") + fetch(c, many(2))
                + counts(s, "STAYING", "C");
        }
    }

    private static String pause() throws Exception {
        try (Streams s = new Streams()) {
            orders(s, "PAUSED", 2, "a");
            add(s, "PAUSED", durable("C"));
            ConsumerContext c = context(s, "PAUSED", "C");
            ZonedDateTime until = ZonedDateTime.now().plusHours(1);
            return String.join("; ",
                Streams.said(() -> s.jsm.pauseConsumer("PAUSED", "C", until).isPaused()),
                counts(s, "PAUSED", "C"),
                fetch(c, FetchConsumeOptions.builder().maxMessages(1).expiresIn(1000)),
                Streams.said(() -> s.jsm.resumeConsumer("PAUSED", "C")),
                fetch(c, many(2)),
                Streams.said(() -> s.jsm.pauseConsumer("PAUSED", "NONE", until)));
        }
    }

    private static String groups() throws Exception {
        try (Streams s = new Streams()) {
            orders(s, "GROUPED", 4, "a");
            for (PriorityPolicy policy : List.of(PriorityPolicy.Overflow,
                PriorityPolicy.PinnedClient, PriorityPolicy.Prioritized)) {
                add(s, "GROUPED", durable(policy.name()).priorityGroups("g")
                    .priorityPolicy(policy));
            }
            ConsumerContext over = context(s, "GROUPED", "Overflow");
            ConsumerContext first = context(s, "GROUPED", "Prioritized");
            return String.join("; ", fetch(over, one()), fetch(over, one().group("h")),
                fetch(over, one().group("g").minPending(9)),
                fetch(over, one().group("g").minPending(2)),
                Streams.said(() -> s.jsm.unpinConsumer("GROUPED", "PinnedClient", "g")),
                Streams.said(() -> s.jsm.unpinConsumer("GROUPED", "PinnedClient", "h")),
                fetch(first, one().group("g").priority(2)));
        }
    }

    private static FetchConsumeOptions.Builder one() {
        return FetchConsumeOptions.builder().maxMessages(1).expiresIn(1000);
    }

    private static String workQueue() throws Exception {
        try (Streams s = new Streams()) {
            s.make(Streams.named("JOBS", "JOBS.>").retentionPolicy(RetentionPolicy.WorkQueue));
            fill(s, "JOBS", 2, "a", "b");
            List<String> out = new ArrayList<>(List.of(
                add(s, "JOBS", durable("A").filterSubject("JOBS.a")),
                add(s, "JOBS", durable("SAME").filterSubject("JOBS.a")),
                add(s, "JOBS", durable("ALL")),
                add(s, "JOBS", durable("NONE").filterSubject("JOBS.b").ackPolicy(AckPolicy.None)),
                add(s, "JOBS", durable("NEW").filterSubject("JOBS.b")
                    .deliverPolicy(DeliverPolicy.New)),
                add(s, "JOBS", durable("B").filterSubject("JOBS.b"))));
            List<Message> got = fetched(context(s, "JOBS", "A"), many(2));
            for (int at : new int[] {1, 0}) {
                got.get(at).ackSync(Harness.PATIENCE);
                out.add(s.state("JOBS") + counts(s, "JOBS", "A"));
            }
            return String.join("; ", out);
        }
    }

    private static String interest() throws Exception {
        try (Streams s = new Streams()) {
            s.make(Streams.named("WANTED", "WANTED.>").retentionPolicy(RetentionPolicy.Interest));
            s.fill("WANTED.a");
            List<String> out = new ArrayList<>(List.of(s.state("WANTED")));
            add(s, "WANTED", durable("ALL"));
            add(s, "WANTED", durable("SOME").filterSubject("WANTED.a"));
            s.fill("WANTED.a", "WANTED.b", "WANTED.a");
            out.add(s.state("WANTED"));
            for (Message m : fetched(context(s, "WANTED", "ALL"), many(3))) {
                m.ackSync(Harness.PATIENCE);
            }
            out.add(settled(s, 2));
            fetched(context(s, "WANTED", "SOME"), many(1)).get(0).ackSync(Harness.PATIENCE);
            out.add(settled(s, 1));
            s.jsm.deleteConsumer("WANTED", "SOME");
            out.add(settled(s, 0));
            return String.join("; ", out);
        }
    }

    private static String settled(Streams s, int messages) throws Exception {
        String wanted = "messages=" + messages + " ";
        return Streams.until(() -> s.state("WANTED"), state -> state.startsWith(wanted));
    }
}
