package main

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var consumers = []scenario{
	{"consumer-life", consumerLife},
	{"consumer-list", consumerList},
	{"consumer-pull", consumerPull},
	{"consumer-acks", consumerAcks},
	{"consumer-redelivery", consumerRedelivery},
	{"consumer-push", consumerPush},
	{"consumer-ordered", consumerOrdered},
	{"consumer-starts", consumerStarts},
	{"consumer-restart", consumerRestart},
	{"consumer-pause", consumerPause},
	{"consumer-groups", consumerGroups},
	{"work-queue", workQueue},
	{"interest", interest},
}

// orders is the stream `name` with this many messages on each of its subjects in turn.
func (j *js) orders(name string, rounds int, subjects ...string) jetstream.Stream {
	s := j.stream(jetstream.StreamConfig{Name: name, Subjects: []string{name + ".>"}})
	for range rounds {
		for _, subject := range subjects {
			j.fill(name + "." + subject)
		}
	}
	return s
}

func (j *js) consumer(stream string, config jetstream.ConsumerConfig) jetstream.Consumer {
	if config.Durable == "" {
		config.Durable = "C"
	}
	c, err := j.CreateOrUpdateConsumer(j.ctx, stream, config)
	must(err)
	return c
}

// counts is where a consumer is, without times.
func (j *js) counts(c interface {
	Info(context.Context) (*jetstream.ConsumerInfo, error)
}) string {
	i, err := c.Info(j.ctx)
	if err != nil {
		return told(err)
	}
	return fmt.Sprintf("<%s delivered=%d,%d floor=%d,%d unacked=%d again=%d pending=%d paused=%v>",
		i.Name, i.Delivered.Consumer, i.Delivered.Stream, i.AckFloor.Consumer, i.AckFloor.Stream,
		i.NumAckPending, i.NumRedelivered, i.NumPending, i.Paused)
}

func delivered(m jetstream.Msg) string {
	meta, err := m.Metadata()
	if err != nil {
		return told(err)
	}
	return fmt.Sprintf("(%s %s %d/%d x%d left=%d %v %v)", m.Subject(), m.Data(),
		meta.Sequence.Stream, meta.Sequence.Consumer, meta.NumDelivered, meta.NumPending,
		m.Headers(), !meta.Timestamp.IsZero())
}

func batch(got jetstream.MessageBatch, err error) (string, []jetstream.Msg) {
	if err != nil {
		return told(err), nil
	}
	out, all := "", []jetstream.Msg{}
	for m := range got.Messages() {
		out += delivered(m)
		all = append(all, m)
	}
	return out + "=" + told(got.Error()), all
}

// fetch is a batch that is all there already.
func fetch(c jetstream.Consumer, count int) []jetstream.Msg {
	got, err := c.Fetch(count, jetstream.FetchMaxWait(patience))
	must(err)
	_, all := batch(got, nil)
	return all
}

func shown(messages []jetstream.Msg) string {
	out := ""
	for _, m := range messages {
		out += delivered(m)
	}
	return out
}

func consumerLife() string {
	j := openJS("jetstream")
	defer j.close()
	j.orders("LIVES", 2, "a", "b")
	every := jetstream.ConsumerConfig{Durable: "ALL", Description: "every field",
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: 2,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute, MaxDeliver: 5,
		BackOff: []time.Duration{time.Second, time.Minute}, FilterSubject: "LIVES.a",
		ReplayPolicy: jetstream.ReplayOriginalPolicy, SampleFrequency: "50%", MaxWaiting: 7,
		MaxAckPending: 9, HeadersOnly: true, MaxRequestBatch: 10, MaxRequestExpires: time.Minute,
		MaxRequestMaxBytes: 1000, InactiveThreshold: time.Hour, Replicas: 1, MemoryStorage: true,
		Metadata: map[string]string{"a": "b"}}
	c, err := j.CreateConsumer(j.ctx, "LIVES", every)
	must(err)
	out := asJSON(c.CachedInfo().Config) + j.counts(c)
	_, again := j.CreateConsumer(j.ctx, "LIVES", every)
	every.MaxAckPending = 8
	_, other := j.CreateConsumer(j.ctx, "LIVES", every)
	changed, err := j.UpdateConsumer(j.ctx, "LIVES", every)
	must(err)
	out += told(again) + told(other) + fmt.Sprint(changed.CachedInfo().Config.MaxAckPending)
	every.Durable, every.Name = "NONE", "NONE"
	_, missing := j.UpdateConsumer(j.ctx, "LIVES", every)
	every.Durable, every.Name, every.AckPolicy = "ALL", "ALL", jetstream.AckNonePolicy
	_, policy := j.UpdateConsumer(j.ctx, "LIVES", every)
	_, looked := j.Consumer(j.ctx, "LIVES", "NONE")
	_, stream := j.Consumer(j.ctx, "NONE", "ALL")
	_, dots := j.CreateConsumer(j.ctx, "LIVES", jetstream.ConsumerConfig{Durable: "a.b"})
	_, filter := j.CreateConsumer(j.ctx, "LIVES", jetstream.ConsumerConfig{Durable: "F",
		FilterSubjects: []string{"LIVES.a", "LIVES.>"}})
	for _, err := range []error{missing, policy, looked, stream, dots, filter} {
		out += told(err)
	}
	short, err := j.CreateConsumer(j.ctx, "LIVES", jetstream.ConsumerConfig{})
	must(err)
	out += fmt.Sprint(len(short.CachedInfo().Name), short.CachedInfo().Config.InactiveThreshold)
	named, err := j.CreateConsumer(j.ctx, "LIVES", jetstream.ConsumerConfig{Name: "N"})
	must(err)
	out += j.counts(named) + told(j.DeleteConsumer(j.ctx, "LIVES", "ALL")) +
		told(j.DeleteConsumer(j.ctx, "LIVES", "ALL"))
	_, err = c.Info(j.ctx)
	return out + told(err)
}

func consumerList() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.orders("LISTED", 0)
	for i := range 300 {
		j.consumer("LISTED", jetstream.ConsumerConfig{Durable: fmt.Sprintf("C%03d", i)})
	}
	var names, infos []string
	for name := range s.ConsumerNames(j.ctx).Name() {
		names = append(names, name)
	}
	for info := range s.ListConsumers(j.ctx).Info() {
		infos = append(infos, info.Name)
	}
	sort.Strings(names)
	sort.Strings(infos)
	return fmt.Sprint(len(names), names[0], names[299], len(infos), infos[0], infos[299],
		j.state(s))
}

func consumerPull() string {
	j := openJS("jetstream")
	defer j.close()
	j.orders("PULLED", 6, "a", "b")
	c := j.consumer("PULLED", jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy})
	one, err := c.Next(jetstream.FetchMaxWait(patience))
	must(err)
	out := delivered(one) + told(one.Ack())
	some, _ := batch(c.Fetch(3))
	none, _ := batch(c.FetchNoWait(2))
	bytes, _ := batch(c.FetchBytes(150, jetstream.FetchMaxWait(patience)))
	rest, _ := batch(c.FetchNoWait(100))
	empty, _ := batch(c.FetchNoWait(1))
	late, _ := batch(c.Fetch(1, jetstream.FetchMaxWait(300*time.Millisecond)))
	out += fmt.Sprintf("%s; %s; %s; %s; %s; %s %s", some, none, bytes, rest, empty, late, j.counts(c))
	_, err = c.Next(jetstream.FetchMaxWait(300 * time.Millisecond))
	out += told(err)
	bounded := j.consumer("PULLED", jetstream.ConsumerConfig{Durable: "BOUNDED", MaxRequestBatch: 2,
		AckPolicy: jetstream.AckNonePolicy})
	much, _ := batch(bounded.Fetch(3))
	messages, err := bounded.Messages(jetstream.PullMaxMessages(2))
	must(err)
	for range 12 {
		m, err := messages.Next()
		must(err)
		out += delivered(m)
	}
	messages.Stop()
	told := make(chan string, 20)
	consuming := j.consumer("PULLED", jetstream.ConsumerConfig{Durable: "CONSUMING"})
	running, err := consuming.Consume(func(m jetstream.Msg) { told <- delivered(m) })
	must(err)
	for range 12 {
		out += first(told)
	}
	running.Stop()
	return out + much
}

func consumerAcks() string {
	j := openJS("jetstream")
	defer j.close()
	j.orders("ACKED", 8, "a")
	c := j.consumer("ACKED", jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy})
	got := fetch(c, 6)
	out := told(got[1].DoubleAck(j.ctx)) + j.counts(c) + told(got[0].DoubleAck(j.ctx)) + j.counts(c)
	out += told(got[0].Ack()) + told(got[2].InProgress()) + told(got[2].Nak()) +
		told(got[3].TermWithReason("no")) + told(got[4].NakWithDelay(300*time.Millisecond)) +
		told(got[5].DoubleAck(j.ctx)) + j.counts(c)
	again, _ := batch(c.Fetch(3, jetstream.FetchMaxWait(patience)))
	last, _ := batch(c.Fetch(2, jetstream.FetchMaxWait(patience)))
	out += again + last + j.counts(c)
	all := j.consumer("ACKED", jetstream.ConsumerConfig{Durable: "ALL",
		AckPolicy: jetstream.AckAllPolicy})
	got = fetch(all, 8)
	out += told(got[4].DoubleAck(j.ctx)) + j.counts(all)
	none := j.consumer("ACKED", jetstream.ConsumerConfig{Durable: "NONE",
		AckPolicy: jetstream.AckNonePolicy})
	got = fetch(none, 2)
	return out + told(got[0].Ack()) + j.counts(none)
}

func consumerRedelivery() string {
	j := openJS("jetstream")
	defer j.close()
	j.orders("AGAIN", 2, "a")
	advised := subscribe(j.nc, "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.AGAIN.C")
	c := j.consumer("AGAIN", jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy,
		MaxDeliver: 3, BackOff: []time.Duration{200 * time.Millisecond, 300 * time.Millisecond}})
	seen := map[string][]string{}
	for range 6 {
		m, err := c.Next(jetstream.FetchMaxWait(patience))
		must(err)
		meta, err := m.Metadata()
		must(err)
		key := fmt.Sprint(meta.Sequence.Stream)
		seen[key] = append(seen[key], fmt.Sprint(meta.NumDelivered))
	}
	// nats-server notices at the next request that something was delivered for the last time.
	late, _ := batch(c.Fetch(1, jetstream.FetchMaxWait(time.Second)))
	return fmt.Sprint(seen, late, len(take(advised, 2)), j.counts(c))
}

func consumerPush() string {
	j := openJS("jetstream")
	defer j.close()
	j.orders("PUSHED", 3, "a")
	inbox := nats.NewInbox()
	sub := subscribe(j.nc, inbox)
	must(j.nc.FlushTimeout(patience))
	config := jetstream.ConsumerConfig{Durable: "P", DeliverSubject: inbox,
		AckPolicy: jetstream.AckExplicitPolicy, IdleHeartbeat: 500 * time.Millisecond,
		FlowControl: true}
	c, err := j.CreatePushConsumer(j.ctx, "PUSHED", config)
	must(err)
	out := ""
	for _, m := range take(sub, 3)[:3] {
		meta, err := m.Metadata()
		must(err)
		out += fmt.Sprintf("(%s %s %d %d)", m.Subject, m.Data, meta.Sequence.Stream, meta.NumPending)
		must(m.AckSync())
	}
	must(sub.Unsubscribe())
	out += j.counts(c)
	beats := subscribe(j.nc, inbox)
	beat, err := beats.NextMsg(patience)
	must(err)
	out += fmt.Sprint(beat.Header)
	must(beats.Unsubscribe())
	eventually(func() bool {
		info, err := c.Info(j.ctx)
		return err == nil && !info.PushBound
	})
	got := make(chan string, 10)
	running, err := c.Consume(func(m jetstream.Msg) { got <- delivered(m); _ = m.Ack() })
	must(err)
	j.fill("PUSHED.b")
	out += first(got)
	_, twice := j.PushConsumer(j.ctx, "PUSHED", "NONE")
	_, pulled := j.Consumer(j.ctx, "PUSHED", "P")
	running.Stop()
	config.Durable, config.DeliverGroup, config.FlowControl, config.IdleHeartbeat = "Q", "g", false, 0
	config.DeliverSubject = "pushed.group"
	_, err = j.CreatePushConsumer(j.ctx, "PUSHED", config)
	must(err)
	one, two := join(j.nc, "pushed.group", "g"), join(j.nc, "pushed.group", "g")
	eventually(func() bool {
		a, _, _ := one.Pending()
		b, _, _ := two.Pending()
		return a+b == 4
	})
	return out + told(twice) + told(pulled) + fmt.Sprint(len(take(one, 0))+len(take(two, 0)))
}

func consumerOrdered() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.orders("ORDERED", 5, "a", "b")
	must(s.DeleteMsg(j.ctx, 3))
	c, err := s.OrderedConsumer(j.ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{"ORDERED.a"}})
	must(err)
	some, _ := batch(c.Fetch(2))
	c, err = s.OrderedConsumer(j.ctx, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{"ORDERED.a"}, DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq: 2})
	must(err)
	messages, err := c.Messages()
	must(err)
	out := some
	for range 3 {
		m, err := messages.Next()
		must(err)
		out += delivered(m)
	}
	// The client makes another consumer in its place.
	info, err := c.Info(j.ctx)
	must(err)
	must(s.DeleteConsumer(j.ctx, info.Name))
	j.fill("ORDERED.b", "ORDERED.a")
	m, err := messages.Next()
	must(err)
	meta, err := m.Metadata()
	must(err)
	messages.Stop()
	last, err := s.OrderedConsumer(j.ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, HeadersOnly: true})
	must(err)
	headers, _ := batch(last.Fetch(2))
	return out + fmt.Sprint(meta.Sequence.Stream) + headers
}

func consumerStarts() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.orders("STARTS", 3, "a", "b", "c.d")
	third, err := s.GetMsg(j.ctx, 5)
	must(err)
	future := time.Now().Add(time.Hour)
	configs := []jetstream.ConsumerConfig{
		{DeliverPolicy: jetstream.DeliverAllPolicy},
		{DeliverPolicy: jetstream.DeliverLastPolicy},
		{DeliverPolicy: jetstream.DeliverNewPolicy},
		{DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, FilterSubject: "STARTS.>"},
		{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: 7},
		{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: 70},
		{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &third.Time},
		{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &future},
		{FilterSubject: "STARTS.*"},
		{FilterSubjects: []string{"STARTS.c.>", "STARTS.a"}},
		{FilterSubject: "STARTS.none"},
		{FilterSubject: "OTHER"},
		{DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy},
		{DeliverPolicy: jetstream.DeliverByStartSequencePolicy},
	}
	out := ""
	for i, config := range configs {
		config.Durable = fmt.Sprintf("C%d", i)
		c, err := j.CreateConsumer(j.ctx, "STARTS", config)
		if err != nil {
			out += told(err)
			continue
		}
		got, _ := batch(c.FetchNoWait(20))
		out += got + j.counts(c) + "; "
	}
	return out
}

func consumerRestart() string {
	j := openJS("jetstream")
	defer j.close()
	j.orders("STAYING", 6, "a")
	c := j.consumer("STAYING", jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy})
	memory := j.consumer("STAYING", jetstream.ConsumerConfig{Durable: "MEM", MemoryStorage: true})
	got := fetch(c, 4)
	must(got[0].DoubleAck(j.ctx))
	must(got[2].DoubleAck(j.ctx))
	fetch(memory, 2)
	reconnected := make(chan string, 1)
	j.nc.SetReconnectHandler(func(*nats.Conn) { reconnected <- "reconnected" })
	order("restart", "jetstream")
	out := first(reconnected) + j.counts(c) + j.counts(memory)
	must(got[1].DoubleAck(j.ctx))
	next, _ := batch(c.Fetch(2, jetstream.FetchMaxWait(patience)))
	return out + next + told(got[3].DoubleAck(j.ctx)) + j.counts(c)
}

func consumerPause() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.orders("PAUSED", 2, "a")
	c := j.consumer("PAUSED", jetstream.ConsumerConfig{})
	paused, err := s.PauseConsumer(j.ctx, "C", time.Now().Add(time.Hour))
	must(err)
	out := fmt.Sprint(paused.Paused, paused.PauseRemaining > 59*time.Minute) + j.counts(c)
	none, _ := batch(c.Fetch(1, jetstream.FetchMaxWait(300*time.Millisecond)))
	resumed, err := s.ResumeConsumer(j.ctx, "C")
	must(err)
	some, _ := batch(c.Fetch(2, jetstream.FetchMaxWait(patience)))
	_, missing := s.PauseConsumer(j.ctx, "NONE", time.Now().Add(time.Hour))
	return out + none + fmt.Sprint(resumed.Paused, resumed.PauseRemaining) + some + told(missing)
}

func consumerGroups() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.orders("GROUPED", 4, "a")
	group := func(name string, policy jetstream.PriorityPolicy) jetstream.Consumer {
		return j.consumer("GROUPED", jetstream.ConsumerConfig{Durable: name, PriorityPolicy: policy,
			PriorityGroups: []string{"g"}, AckPolicy: jetstream.AckExplicitPolicy})
	}
	wait := jetstream.FetchMaxWait(300 * time.Millisecond)
	over := group("OVER", jetstream.PriorityPolicyOverflow)
	none, _ := batch(over.Fetch(1, wait))
	mine := jetstream.FetchPriorityGroup("g")
	high, _ := batch(over.Fetch(1, wait, mine, jetstream.FetchMinPending(9)))
	low, _ := batch(over.Fetch(1, wait, mine, jetstream.FetchMinPending(2)))
	wrong, _ := batch(over.Fetch(1, wait, jetstream.FetchPriorityGroup("h")))
	pinned := group("PINNED", jetstream.PriorityPolicyPinned)
	alone, got := batch(pinned.Fetch(1, wait, mine))
	id := ""
	if len(got) == 1 {
		id = got[0].Headers().Get("Nats-Pin-Id")
	}
	unpinned := told(s.UnpinConsumer(j.ctx, "PINNED", "g"))
	first := group("FIRST", jetstream.PriorityPolicyPrioritized)
	ahead, _ := batch(first.Fetch(2, wait, mine, jetstream.FetchPrioritized(0)))
	return fmt.Sprint(none, high, low, wrong, len(alone) > 0, len(id), unpinned, ahead,
		told(s.UnpinConsumer(j.ctx, "PINNED", "h")), told(s.UnpinConsumer(j.ctx, "OVER", "g")))
}

func workQueue() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "JOBS", Subjects: []string{"JOBS.>"},
		Retention: jetstream.WorkQueuePolicy})
	j.fill("JOBS.a", "JOBS.b", "JOBS.a", "JOBS.b")
	c := j.consumer("JOBS", jetstream.ConsumerConfig{Durable: "A", FilterSubject: "JOBS.a",
		AckPolicy: jetstream.AckExplicitPolicy})
	out := ""
	for _, config := range []jetstream.ConsumerConfig{
		{Durable: "SAME", FilterSubject: "JOBS.a", AckPolicy: jetstream.AckExplicitPolicy},
		{Durable: "ALL", AckPolicy: jetstream.AckExplicitPolicy},
		{Durable: "NONE", FilterSubject: "JOBS.b", AckPolicy: jetstream.AckNonePolicy},
		{Durable: "NEW", FilterSubject: "JOBS.b", AckPolicy: jetstream.AckExplicitPolicy,
			DeliverPolicy: jetstream.DeliverNewPolicy},
		{Durable: "B", FilterSubject: "JOBS.b", AckPolicy: jetstream.AckExplicitPolicy},
	} {
		_, err := j.CreateConsumer(j.ctx, "JOBS", config)
		out += told(err)
	}
	got := fetch(c, 2)
	out += shown(got) + told(got[1].DoubleAck(j.ctx)) + j.state(s)
	must(got[0].DoubleAck(j.ctx))
	return out + j.state(s) + j.counts(c)
}

func interest() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "WANTED", Subjects: []string{"WANTED.>"},
		Retention: jetstream.InterestPolicy})
	j.fill("WANTED.a")
	out := j.state(s)
	all := j.consumer("WANTED", jetstream.ConsumerConfig{Durable: "ALL",
		AckPolicy: jetstream.AckExplicitPolicy})
	some := j.consumer("WANTED", jetstream.ConsumerConfig{Durable: "SOME",
		AckPolicy: jetstream.AckExplicitPolicy, FilterSubject: "WANTED.a"})
	j.fill("WANTED.a", "WANTED.b", "WANTED.a")
	out += j.state(s)
	for _, m := range fetch(all, 3) {
		must(m.DoubleAck(j.ctx))
	}
	settled := func(messages uint64) string {
		eventually(func() bool {
			info, err := s.Info(j.ctx)
			return err == nil && info.State.Msgs == messages
		})
		return j.state(s)
	}
	out += settled(2)
	must(fetch(some, 1)[0].DoubleAck(j.ctx))
	out += settled(1)
	must(s.DeleteConsumer(j.ctx, "SOME"))
	out += settled(0)
	_, err := s.Consumer(j.ctx, "SOME")
	return out + fmt.Sprint(errors.Is(err, jetstream.ErrConsumerNotFound)) + j.counts(all)
}
