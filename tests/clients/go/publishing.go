package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var publishing = []scenario{
	{"publish-ack", publishAck},
	{"publish-async", publishAsync},
	{"publish-duplicates", publishDuplicates},
	{"publish-expectations", publishExpectations},
	{"publish-rollup", publishRollup},
	{"publish-ttl", publishTTL},
	{"publish-limits", publishLimits},
	{"publish-max-age", publishMaxAge},
	{"publish-no-ack", publishNoAck},
	{"publish-batch", publishBatch},
	{"publish-counter", publishCounter},
	{"publish-schedule", publishSchedule},
	{"subject-transform", subjectTransform},
	{"republish", republish},
	{"get-message", getMessage},
	{"direct-get", directGet},
}

// raw is a stored message with its headers, the time as whether it is set.
func raw(m *jetstream.RawStreamMsg, err error) string {
	if err != nil {
		return told(err)
	}
	out := fmt.Sprintf("(%d %s %q time=%v", m.Sequence, m.Subject, m.Data, !m.Time.IsZero())
	if len(m.Header) > 0 {
		m.Header.Del("Nats-Time-Stamp")
		out += " " + asJSON(m.Header)
	}
	return out + ")"
}

// lone is an option that spares a publish without an answer its repetitions.
var lone = jetstream.WithRetryAttempts(0)

func headed(subject, body string, pairs ...string) *nats.Msg {
	m := nats.NewMsg(subject)
	m.Data = []byte(body)
	for i := 0; i < len(pairs); i += 2 {
		m.Header.Add(pairs[i], pairs[i+1])
	}
	return m
}

func (j *js) putMsg(m *nats.Msg) string { return acked(j.PublishMsg(j.ctx, m, lone)) }

func publishAck() string {
	j := openJS("jetstream")
	defer j.close()
	file := j.stream(jetstream.StreamConfig{Name: "ACK", Subjects: []string{"ack.>"}})
	memory := j.stream(jetstream.StreamConfig{Name: "ACKMEM", Subjects: []string{"mem.>"},
		Storage: jetstream.MemoryStorage})
	out := j.put("ack.a", "first") + j.put("ack.b", "") + j.put("mem.a", "third")
	body := pattern(int(j.nc.MaxPayload()))
	ack, err := j.Publish(j.ctx, "ack.large", body)
	out += acked(ack, err)
	large, err := file.GetMsg(j.ctx, 3)
	must(err)
	out += " same=" + fmt.Sprint(hash(large.Data) == hash(body))
	out += j.putMsg(headed("ack.c", "with", "Colour", "red", "Colour", "blue", "lower", ""))
	out += raw(file.GetMsg(j.ctx, 4)) + j.state(file) + j.state(memory)
	must(j.nc.Publish("ack.plain", []byte("no reply")))
	must(j.nc.Flush())
	out += j.put("ack.a", "after") + " none " + j.put("nobody.listens", "x", lone)
	reply, err := j.nc.Request("ack.a", []byte("old"), patience)
	must(err)
	return out + " " + string(reply.Data)
}

func publishAsync() string {
	j := openJS("jetstream", jetstream.WithPublishAsyncMaxPending(5000))
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "MANY", Subjects: []string{"async.*"}})
	const count = 2000
	var futures []jetstream.PubAckFuture
	for i := range count {
		future, err := j.PublishAsync(fmt.Sprintf("async.%d", i%7), fmt.Appendf(nil, "%d", i))
		must(err)
		futures = append(futures, future)
	}
	select {
	case <-j.PublishAsyncComplete():
	case <-j.ctx.Done():
		return "FAIL not all acknowledged"
	}
	inOrder := 0
	for i, future := range futures {
		select {
		case ack := <-future.Ok():
			if ack.Sequence == uint64(i+1) {
				inOrder++
			}
		case err := <-future.Err():
			return "FAIL " + err.Error()
		}
	}
	same := 0
	for _, seq := range []uint64{1, 2, 999, count} {
		m, err := s.GetMsg(j.ctx, seq)
		must(err)
		if string(m.Data) == fmt.Sprint(seq-1) {
			same++
		}
	}
	wrong, err := j.PublishAsync("async.0", nil, jetstream.WithExpectLastSequence(1))
	must(err)
	return fmt.Sprintf("in order %d kept %d %s %s", inOrder, same, told(<-wrong.Err()), j.state(s))
}

func publishDuplicates() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "DUP", Subjects: []string{"dup.*"}})
	short := j.stream(jetstream.StreamConfig{Name: "SHORT", Subjects: []string{"short"},
		Duplicates: time.Second})
	id := jetstream.WithMsgID
	out := j.put("dup.a", "1", id("a")) + j.put("dup.a", "1", id("a")) +
		j.put("dup.b", "other", id("a")) + j.put("dup.a", "2", id("b")) + j.put("short", "1", id("a")) +
		j.put("short", "1", id("a"))
	must(s.DeleteMsg(j.ctx, 2))
	out += " deleted " + j.put("dup.a", "2", id("b"))
	must(s.Purge(j.ctx))
	out += " purged " + j.put("dup.a", "2", id("b")) + j.put("dup.a", "1", id("a"))
	again := ""
	eventually(func() bool {
		again = j.put("short", "1", id("a"))
		return !strings.HasSuffix(again, "duplicate")
	})
	return out + " later " + again + j.state(s) + j.state(short)
}

func publishExpectations() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "EXP", Subjects: []string{"e.>"}})
	out := ""
	try := func(what, subject string, options ...jetstream.PublishOpt) {
		out += what + " " + j.put(subject, "x", options...) + " "
	}
	try("stream", "e.a", jetstream.WithExpectStream("EXP"))
	try("wrong", "e.a", jetstream.WithExpectStream("OTHER"))
	try("last", "e.a", jetstream.WithExpectLastSequence(1))
	try("wrong", "e.a", jetstream.WithExpectLastSequence(1))
	try("zero", "e.a", jetstream.WithExpectLastSequence(0))
	try("subject", "e.b", jetstream.WithExpectLastSequencePerSubject(0))
	try("right", "e.b", jetstream.WithExpectLastSequencePerSubject(3))
	try("wrong", "e.b", jetstream.WithExpectLastSequencePerSubject(3))
	try("filter", "e.c", jetstream.WithExpectLastSequenceForSubject(4, "e.b"))
	try("wildcard", "e.c", jetstream.WithExpectLastSequenceForSubject(5, "e.>"))
	try("wrong", "e.c", jetstream.WithExpectLastSequenceForSubject(1, "e.*"))
	try("id", "e.a", jetstream.WithMsgID("one"))
	try("right", "e.a", jetstream.WithExpectLastMsgID("one"), jetstream.WithMsgID("two"))
	try("wrong", "e.a", jetstream.WithExpectLastMsgID("one"))
	for _, header := range []string{"Nats-Expected-Last-Sequence",
		"Nats-Expected-Last-Subject-Sequence"} {
		out += j.putMsg(headed("e.a", "x", header, "seven"))
	}
	out += j.putMsg(headed("e.a", "x", "Nats-Expected-Last-Subject-Sequence-Subject", "e.b"))
	return out + j.state(s)
}

func publishRollup() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "ROLL", Subjects: []string{"r.*"}, AllowRollup: true})
	j.stream(jetstream.StreamConfig{Name: "NOROLL", Subjects: []string{"n"}})
	j.fill("r.a", "r.b", "r.a", "r.c")
	out := j.putMsg(headed("r.a", "sum", "Nats-Rollup", "sub")) +
		j.state(s, jetstream.WithSubjectFilter(">"))
	out += j.putMsg(headed("r.d", "all", "Nats-Rollup", "all")) +
		j.state(s, jetstream.WithSubjectFilter(">"))
	return out + j.putMsg(headed("r.a", "x", "Nats-Rollup", "some")) +
		j.putMsg(headed("n", "x", "Nats-Rollup", "sub"))
}

// gone waits until a stream holds no more than want messages.
func (j *js) gone(s jetstream.Stream, want uint64) {
	eventually(func() bool {
		info, err := s.Info(j.ctx)
		must(err)
		return info.State.Msgs <= want
	})
}

func publishTTL() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "TTL", Subjects: []string{"t.*"}, AllowMsgTTL: true,
		SubjectDeleteMarkerTTL: time.Hour, AllowRollup: true, MaxMsgsPerSubject: 1})
	raised := j.stream(jetstream.StreamConfig{Name: "RAISED", Subjects: []string{"raised"},
		AllowMsgTTL: true, SubjectDeleteMarkerTTL: time.Hour, AllowRollup: true})
	j.stream(jetstream.StreamConfig{Name: "NOTTL", Subjects: []string{"n"}})
	out := j.put("t.a", "short", jetstream.WithMsgTTL(time.Second)) +
		j.put("t.b", "long", jetstream.WithMsgTTL(time.Hour)) +
		j.putMsg(headed("t.c", "ever", "Nats-TTL", "never")) +
		j.put("n", "x", jetstream.WithMsgTTL(time.Second)) +
		j.put("raised", "x", jetstream.WithMsgTTL(time.Second)) + raw(raised.GetMsg(j.ctx, 1))
	for _, value := range []string{"soon", "0", "-1s", "1ms", "60"} {
		out += j.putMsg(headed("t.d", value, "Nats-TTL", value))
	}
	eventually(func() bool {
		_, err := s.GetMsg(j.ctx, 1)
		return err != nil
	})
	marker, err := s.GetLastMsgForSubject(j.ctx, "t.a")
	out += raw(marker, err)
	return out + j.state(s, jetstream.WithSubjectFilter(">")) + raw(s.GetMsg(j.ctx, 2))
}

func publishLimits() string {
	j := openJS("jetstream")
	defer j.close()
	out, tries := "", 0
	try := func(config jetstream.StreamConfig, subjects ...string) {
		// nats-server may find what a stream deleted a moment ago under the same name held.
		tries++
		config.Name, config.Subjects = fmt.Sprint("LIMIT", tries), []string{"l.*"}
		s := j.stream(config)
		for _, subject := range subjects {
			out += j.put(subject, strings.Repeat("x", 100), lone)
		}
		out += " " + j.state(s, jetstream.WithSubjectFilter(">")) + "; "
		must(j.DeleteStream(j.ctx, config.Name))
	}
	four := []string{"l.a", "l.b", "l.a", "l.a"}
	for _, discard := range []jetstream.DiscardPolicy{jetstream.DiscardOld, jetstream.DiscardNew} {
		try(jetstream.StreamConfig{Discard: discard, MaxMsgs: 2}, four...)
		try(jetstream.StreamConfig{Discard: discard, MaxBytes: 400}, four...)
		try(jetstream.StreamConfig{Discard: discard, MaxMsgsPerSubject: 1}, four...)
		try(jetstream.StreamConfig{Discard: discard, MaxMsgsPerSubject: 1, MaxMsgs: 1}, four...)
	}
	try(jetstream.StreamConfig{Discard: jetstream.DiscardNew, MaxMsgsPerSubject: 1, MaxMsgs: 3,
		DiscardNewPerSubject: true}, "l.a", "l.a", "l.b", "l.c", "l.d")
	try(jetstream.StreamConfig{MaxMsgSize: 100}, "l.a")
	try(jetstream.StreamConfig{MaxMsgSize: 99}, "l.a")
	try(jetstream.StreamConfig{MaxBytes: 50}, "l.a")
	try(jetstream.StreamConfig{Storage: jetstream.MemoryStorage, MaxBytes: 400}, four...)
	return out
}

func publishMaxAge() string {
	j := openJS("jetstream")
	defer j.close()
	file := j.stream(jetstream.StreamConfig{Name: "AGE", Subjects: []string{"age.*"},
		MaxAge: 500 * time.Millisecond, Duplicates: 100 * time.Millisecond})
	memory := j.stream(jetstream.StreamConfig{Name: "AGEMEM", Subjects: []string{"mem"},
		MaxAge: 500 * time.Millisecond, Storage: jetstream.MemoryStorage})
	j.fill("age.a", "age.b", "mem", "age.a")
	j.gone(file, 0)
	j.gone(memory, 0)
	out := j.state(file) + "; " + j.state(memory) + raw(file.GetMsg(j.ctx, 1))
	return out + j.put("age.a", "x")
}

func publishNoAck() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "NOACK", Subjects: []string{"quiet"}, NoAck: true})
	ctx, done := context.WithTimeout(j.ctx, quiet)
	defer done()
	_, err := j.Publish(ctx, "quiet", []byte("x"), lone)
	return told(err) + j.state(s)
}

// publishBatch sends an atomic batch by its headers: this client has no call for it.
func publishBatch() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "BATCH", Subjects: []string{"b.*"},
		AllowAtomicPublish: true})
	j.stream(jetstream.StreamConfig{Name: "NOBATCH", Subjects: []string{"n"}})
	part := func(id, seq, subject string, more ...string) *nats.Msg {
		return headed(subject, id+seq, append([]string{"Nats-Batch-Id", id,
			"Nats-Batch-Sequence", seq}, more...)...)
	}
	send := func(m *nats.Msg) string {
		answer, err := j.nc.RequestMsg(m, patience)
		if err != nil {
			return told(err)
		}
		return string(answer.Data) + " "
	}
	commit := []string{"Nats-Batch-Commit", "1"}
	out := send(part("one", "1", "b.a")) + send(part("one", "2", "b.b")) + j.state(s)
	out += send(part("one", "3", "b.a", commit...)) + j.state(s)
	out += send(part("alone", "1", "b.a", commit...))
	out += send(part("gap", "1", "b.a")) + send(part("gap", "3", "b.a"))
	out += send(part("late", "2", "b.a"))
	out += send(part("n", "1", "n", commit...))
	out += send(part(strings.Repeat("x", 65), "1", "b.a", commit...))
	expect := append([]string{"Nats-Expected-Last-Sequence", "77"}, commit...)
	out += send(part("exp", "1", "b.a", expect...))
	return out + j.state(s) + raw(s.GetMsg(j.ctx, 3))
}

func publishCounter() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "SUMS", Subjects: []string{"c.*"},
		AllowMsgCounter: true, AllowDirect: true})
	j.stream(jetstream.StreamConfig{Name: "NOSUMS", Subjects: []string{"n"}})
	out := ""
	for _, by := range []string{"1", "+41", "-50", "0", "99999999999999999999999", "many", ""} {
		out += by + " " + j.putMsg(headed("c.a", "", "Nats-Incr", by)) + " "
	}
	out += j.put("c.a", "plain", lone) + j.putMsg(headed("c.b", "body", "Nats-Incr", "5")) +
		j.putMsg(headed("n", "", "Nats-Incr", "5"))
	return out + raw(s.GetLastMsgForSubject(j.ctx, "c.a")) + raw(s.GetLastMsgForSubject(j.ctx, "c.b"))
}

func publishSchedule() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "SCHED", Subjects: []string{"at.*", "to.*"},
		AllowMsgSchedules: true, AllowMsgTTL: true})
	target := jetstream.WithScheduleTarget
	out := j.put("at.a", "later", jetstream.WithScheduleAt(time.Now().Add(time.Second)),
		target("to.a"))
	out += j.put("at.b", "x", jetstream.WithScheduleAt(time.Now().Add(time.Hour)), target("at.b")) +
		j.put("at.b", "x", jetstream.WithScheduleEvery(time.Hour), target("elsewhere")) +
		j.put("at.b", "x", jetstream.WithScheduleEvery(time.Hour), target("to.b")) +
		j.put("at.c", "x", jetstream.WithScheduleCron("0 0 12 * * *"), target("to.c"),
			jetstream.WithScheduleTTL(time.Minute)) +
		j.put("at.c", "x", jetstream.WithScheduleCron("whenever"), target("to.c"))
	eventually(func() bool {
		_, err := s.GetLastMsgForSubject(j.ctx, "to.a")
		return err == nil
	})
	return out + raw(s.GetLastMsgForSubject(j.ctx, "to.a")) +
		raw(s.GetLastMsgForSubject(j.ctx, "at.a")) + j.state(s, jetstream.WithSubjectFilter(">"))
}

func subjectTransform() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "TRANS", Subjects: []string{"in.*.*", "other"},
		SubjectTransform: &jetstream.SubjectTransformConfig{Source: "in.*.*",
			Destination: "out.{{wildcard(2)}}.{{wildcard(1)}}"}})
	out := j.put("in.a.b", "1") + j.put("other", "2") + j.put("in.x.y", "3",
		jetstream.WithExpectLastSequencePerSubject(0))
	for seq := range uint64(3) {
		out += raw(s.GetMsg(j.ctx, seq+1))
	}
	return out + j.state(s, jetstream.WithSubjectFilter(">")) +
		raw(s.GetLastMsgForSubject(j.ctx, "out.b.a"))
}

func republish() string {
	j := openJS("jetstream")
	defer j.close()
	j.stream(jetstream.StreamConfig{Name: "AGAIN", Subjects: []string{"a.*", "h.*"},
		RePublish: &jetstream.RePublish{Source: "a.*", Destination: "again.{{wildcard(1)}}"}})
	j.stream(jetstream.StreamConfig{Name: "HEADS", Subjects: []string{"heads.*"},
		RePublish: &jetstream.RePublish{Destination: "top.>", HeadersOnly: true}})
	sub, tops := subscribe(j.nc, "again.>"), subscribe(j.nc, "top.>")
	must(j.nc.Flush())
	j.fill("a.x", "h.x", "a.y", "a.x", "heads.x")
	out := j.putMsg(headed("a.x", "headed", "Colour", "red"))
	var got []string
	for _, m := range append(take(sub, 4), take(tops, 1)...) {
		m.Header.Del("Nats-Time-Stamp")
		got = append(got, fmt.Sprintf("%s %q %s", m.Subject, m.Data, asJSON(m.Header)))
	}
	return out + strings.Join(got, "; ")
}

func (j *js) reads(s jetstream.Stream) string {
	out := raw(s.GetMsg(j.ctx, 1)) + raw(s.GetMsg(j.ctx, 3)) + raw(s.GetMsg(j.ctx, 4)) +
		raw(s.GetMsg(j.ctx, 9)) + raw(s.GetMsg(j.ctx, 0))
	for _, subject := range []string{"g.a", "g.none", "g.*", ">"} {
		out += raw(s.GetLastMsgForSubject(j.ctx, subject))
	}
	next := func(seq uint64, subject string) string {
		return raw(s.GetMsg(j.ctx, seq, jetstream.WithGetMsgSubject(subject)))
	}
	return out + " next " + next(2, "g.a") + next(1, "g.*") + next(6, "g.b") + next(0, "g.b")
}

func (j *js) readable(name string, direct bool) jetstream.Stream {
	s := j.stream(jetstream.StreamConfig{Name: name, Subjects: []string{"g.*"}, AllowDirect: direct})
	j.fill("g.a", "g.b", "g.c", "g.a")
	_ = j.putMsg(headed("g.h", "headed", "Colour", "red", "Colour", "blue"))
	j.fill("g.b", "g.e")
	must(s.DeleteMsg(j.ctx, 4))
	return s
}

func getMessage() string {
	j := openJS("jetstream")
	defer j.close()
	return j.reads(j.readable("GET", false))
}

// directGet reads as getMessage does, and in batches by requests of its own.
func directGet() string {
	j := openJS("jetstream")
	defer j.close()
	out := j.reads(j.readable("DIRECT", true))
	requests := []string{`{"seq":1,"batch":3}`, `{"seq":1,"batch":9,"next_by_subj":"g.b"}`,
		`{"multi_last":["g.a","g.b"]}`, `{"multi_last":["g.*"],"up_to_seq":5}`,
		`{"multi_last":["g.*"],"batch":2}`, `{"seq":1,"batch":2,"max_bytes":1}`, `{"batch":2}`,
		`{"seq":77,"batch":2}`, `{"multi_last":["none"]}`, `{}`, `nonsense`}
	for _, request := range requests {
		inbox := j.nc.NewRespInbox()
		sub := subscribe(j.nc, inbox)
		must(j.nc.PublishRequest("$JS.API.DIRECT.GET.DIRECT", inbox, []byte(request)))
		out += "; " + request
		for {
			m, err := sub.NextMsg(patience)
			if err != nil {
				return "FAIL " + request + err.Error()
			}
			if len(m.Data) == 0 && m.Header.Get("Status") != "" {
				out += fmt.Sprintf(" [%s %s %s %s]", m.Header.Get("Status"),
					m.Header.Get("Description"), m.Header.Get("Nats-Num-Pending"),
					m.Header.Get("Nats-Last-Sequence"))
				break
			}
			out += fmt.Sprintf(" %s:%s", m.Header.Get("Nats-Sequence"), m.Header.Get("Nats-Num-Pending"))
		}
		must(sub.Unsubscribe())
	}
	return out
}
