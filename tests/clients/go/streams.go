package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var streams = []scenario{
	{"jetstream-disabled", jetstreamDisabled},
	{"jetstream-account", jetstreamAccount},
	{"stream-life", streamLife},
	{"stream-fields", streamFields},
	{"stream-errors", streamErrors},
	{"stream-update", streamUpdate},
	{"stream-list", streamList},
	{"stream-subjects", streamSubjects},
	{"stream-restart", streamRestart},
	{"stream-purge", streamPurge},
	{"stream-delete-message", streamDeleteMessage},
	{"stream-sealed", streamSealed},
	{"stream-mirror", streamMirror},
}

// js is a client of streams on a connection of its own, and what ends both.
type js struct {
	jetstream.JetStream
	nc   *nats.Conn
	ctx  context.Context
	done context.CancelFunc
	made []string
}

func openJS(fixture string, options ...jetstream.JetStreamOpt) *js {
	nc := dial(fixture, nats.ReconnectWait(50*time.Millisecond), nats.MaxReconnects(200))
	client, err := jetstream.New(nc, options...)
	must(err)
	ctx, done := context.WithTimeout(context.Background(), 6*patience)
	return &js{JetStream: client, nc: nc, ctx: ctx, done: done}
}

// close deletes the streams that stream made.
func (j *js) close() {
	for _, name := range j.made {
		_ = j.DeleteStream(j.ctx, name)
	}
	j.done()
	j.nc.Close()
}

func (j *js) stream(config jetstream.StreamConfig) jetstream.Stream {
	s, err := j.CreateStream(j.ctx, config)
	must(err)
	j.made = append(j.made, config.Name)
	return s
}

func (j *js) put(subject, body string, options ...jetstream.PublishOpt) string {
	return acked(j.Publish(j.ctx, subject, []byte(body), options...))
}

// fill publishes a message with its number to each subject.
func (j *js) fill(names ...string) {
	for i, name := range names {
		_, err := j.Publish(j.ctx, name, fmt.Appendf(nil, "%d", i+1))
		must(err)
	}
}

func acked(ack *jetstream.PubAck, err error) string {
	if err != nil {
		return told(err)
	}
	out := fmt.Sprintf("%s:%d", ack.Stream, ack.Sequence)
	if ack.Duplicate {
		out += " duplicate"
	}
	if ack.Domain != "" {
		out += " domain " + ack.Domain
	}
	if ack.Value != "" {
		out += " value " + ack.Value
	}
	return out
}

// told is an error with both codes where the server sent them.
func told(err error) string {
	if err == nil {
		return "ok"
	}
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return fmt.Sprintf("[%d %d %s]", api.Code, api.ErrorCode, api.Description)
	}
	return fmt.Sprintf("[%v]", err)
}

// eventually asks until the answer is yes, or patience ends.
func eventually(ready func() bool) {
	for deadline := time.Now().Add(patience); !ready() && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	must(err)
	return string(text)
}

// state is what a stream holds, its times as whether they are set.
func (j *js) state(s jetstream.Stream, options ...jetstream.StreamInfoOpt) string {
	info, err := s.Info(j.ctx, options...)
	if err != nil {
		return told(err)
	}
	st := info.State
	out := fmt.Sprintf("messages=%d bytes=%d first=%d last=%d subjects=%d deleted=%d consumers=%d",
		st.Msgs, st.Bytes, st.FirstSeq, st.LastSeq, st.NumSubjects, st.NumDeleted, st.Consumers)
	out += fmt.Sprintf(" times=%v,%v", !st.FirstTime.IsZero(), !st.LastTime.IsZero())
	if len(st.Deleted) > 0 {
		out += fmt.Sprint(" ", st.Deleted)
	}
	if st.Subjects != nil {
		out += " " + asJSON(st.Subjects)
	}
	return out
}

func jetstreamDisabled() string {
	j := openJS("plain")
	defer j.close()
	_, account := j.AccountInfo(j.ctx)
	_, stream := j.Stream(j.ctx, "S")
	_, create := j.CreateStream(j.ctx, jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}})
	_, publish := j.Publish(j.ctx, "s", nil, jetstream.WithRetryAttempts(0))
	_, bucket := j.KeyValue(j.ctx, "B")
	names := j.StreamNames(j.ctx)
	for range names.Name() {
	}
	return fmt.Sprint(told(account), told(stream), told(create), told(publish), told(bucket),
		told(names.Err()))
}

func jetstreamAccount() string {
	j := openJS("jetstream")
	defer j.close()
	before, err := j.AccountInfo(j.ctx)
	must(err)
	j.stream(jetstream.StreamConfig{Name: "FILE", Subjects: []string{"file"}})
	j.stream(jetstream.StreamConfig{Name: "MEM", Subjects: []string{"mem"}, MaxBytes: 1 << 20,
		Storage: jetstream.MemoryStorage})
	j.fill("file", "file", "mem")
	_, err = j.Stream(j.ctx, "NONE")
	after, failed := j.AccountInfo(j.ctx)
	must(failed)
	return fmt.Sprintf("%s %s; %s api=%d,%d,%d", asJSON(before.Tier), told(err),
		asJSON(after.Tier), after.API.Level, after.API.Total-before.API.Total,
		after.API.Errors-before.API.Errors)
}

func streamLife() string {
	j := openJS("jetstream")
	defer j.close()
	config := jetstream.StreamConfig{Name: "LIFE", Subjects: []string{"life.>"}}
	s, err := j.CreateStream(j.ctx, config)
	must(err)
	first := s.CachedInfo()
	_, again := j.CreateStream(j.ctx, config)
	j.fill("life.a", "life.b", "life.a")
	config.MaxMsgs, config.Description = 2, "shorter"
	updated, err := j.UpdateStream(j.ctx, config)
	must(err)
	now := updated.CachedInfo()
	looked, err := j.Stream(j.ctx, "LIFE")
	must(err)
	out := fmt.Sprintf("%s again %s updated %s %d same=%v; %s", asJSON(first.Config), told(again),
		now.Config.Description, now.State.Msgs, now.Created.Equal(first.Created), j.state(looked))
	out += " deleted " + told(j.DeleteStream(j.ctx, "LIFE"))
	_, err = j.Stream(j.ctx, "LIFE")
	out += " then " + told(err) + told(j.DeleteStream(j.ctx, "LIFE"))
	_, err = j.UpdateStream(j.ctx, config)
	out += told(err) + " publish " + j.put("life.a", "x", jetstream.WithRetryAttempts(0))
	_, err = j.CreateOrUpdateStream(j.ctx, config)
	j.made = append(j.made, "LIFE")
	return out + " anew " + told(err)
}

// everyField is a configuration that sets whatever fits together.
func everyField() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: "FIELDS", Description: "all of them", Subjects: []string{"f.*", "g.>"},
		Retention: jetstream.LimitsPolicy, MaxConsumers: 7, MaxMsgs: 1000, MaxBytes: 1 << 20,
		Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxAge: time.Hour,
		MaxMsgsPerSubject: 10, MaxMsgSize: 4096, Storage: jetstream.FileStorage, Replicas: 1,
		Duplicates: 90 * time.Second, DenyDelete: true, AllowRollup: true,
		Compression: jetstream.S2Compression, FirstSeq: 1000, AllowDirect: true,
		SubjectTransform: &jetstream.SubjectTransformConfig{Source: "f.*",
			Destination: "h.{{wildcard(1)}}"},
		RePublish: &jetstream.RePublish{Source: ">", Destination: "again.>", HeadersOnly: true},
		ConsumerLimits: jetstream.StreamConsumerLimits{InactiveThreshold: time.Minute,
			MaxAckPending: 50},
		Metadata:    map[string]string{"owner": "go", "colour": "red"},
		AllowMsgTTL: true, SubjectDeleteMarkerTTL: time.Minute,
		AllowAtomicPublish: true, AllowBatchPublish: true,
	}
}

func streamFields() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(everyField())
	out := asJSON(s.CachedInfo().Config) + " " + j.state(s) + j.put("f.a", "x")
	memory := j.stream(jetstream.StreamConfig{Name: "SIMPLE", Storage: jetstream.MemoryStorage})
	counter := j.stream(jetstream.StreamConfig{Name: "COUNT", Subjects: []string{"c"},
		AllowMsgCounter: true, NoAck: false, MaxMsgsPerSubject: 1})
	schedules := j.stream(jetstream.StreamConfig{Name: "PLAN", Subjects: []string{"p"},
		AllowMsgSchedules: true, DenyPurge: true})
	for _, one := range []jetstream.Stream{memory, counter, schedules} {
		out += " " + asJSON(one.CachedInfo().Config)
	}
	return out
}

// refusals tells what becomes of each configuration, which is named X unless it has a name.
func (j *js) refusals(configs ...jetstream.StreamConfig) string {
	var out []string
	for _, config := range configs {
		if config.Name == "" {
			config.Name = "X"
		}
		_, err := j.CreateStream(j.ctx, config)
		out = append(out, told(err))
		if err == nil {
			must(j.DeleteStream(j.ctx, config.Name))
		}
	}
	return strings.Join(out, "")
}

func streamErrors() string {
	j := openJS("jetstream")
	defer j.close()
	j.stream(jetstream.StreamConfig{Name: "TAKEN", Subjects: []string{"taken.*"}})
	x := []string{"x"}
	return j.refusals(
		jetstream.StreamConfig{Name: "TAKEN", Subjects: []string{"other"}},
		jetstream.StreamConfig{Subjects: []string{"taken.one"}},
		jetstream.StreamConfig{Subjects: []string{">"}},
		jetstream.StreamConfig{Subjects: []string{"x.*", "x.a"}},
		jetstream.StreamConfig{Subjects: []string{"$JS.API.>"}},
		jetstream.StreamConfig{Subjects: []string{"x..y"}},
		jetstream.StreamConfig{Name: "a.b", Subjects: x},
		jetstream.StreamConfig{Name: strings.Repeat("n", 300), Subjects: x},
		jetstream.StreamConfig{Subjects: x, Replicas: 3},
		jetstream.StreamConfig{Subjects: x, Replicas: 9},
		jetstream.StreamConfig{Subjects: x, MaxAge: time.Millisecond},
		jetstream.StreamConfig{Subjects: x, MaxAge: -time.Second},
		jetstream.StreamConfig{Subjects: x, Duplicates: time.Hour, MaxAge: time.Minute},
		jetstream.StreamConfig{Subjects: x, DiscardNewPerSubject: true},
		jetstream.StreamConfig{Subjects: x, DenyPurge: true, AllowRollup: true},
		jetstream.StreamConfig{Subjects: x, Sealed: true},
		jetstream.StreamConfig{Subjects: x, MaxMsgSize: -5},
		jetstream.StreamConfig{Subjects: x, SubjectDeleteMarkerTTL: time.Millisecond},
		jetstream.StreamConfig{Subjects: x, AllowMsgCounter: true, Discard: jetstream.DiscardNew},
		jetstream.StreamConfig{Subjects: x, AllowMsgCounter: true, AllowMsgTTL: true},
		jetstream.StreamConfig{Subjects: x,
			RePublish: &jetstream.RePublish{Source: ">", Destination: "x"}},
		jetstream.StreamConfig{Subjects: x, SubjectTransform: &jetstream.SubjectTransformConfig{
			Source: "*", Destination: "y.{{wildcard(2)}}"}},
		jetstream.StreamConfig{Subjects: x, Storage: jetstream.MemoryStorage,
			PersistMode: jetstream.AsyncPersistMode},
		jetstream.StreamConfig{Subjects: x, Placement: &jetstream.Placement{Cluster: "east"}},
		jetstream.StreamConfig{Subjects: x, MaxMsgs: -7, MaxBytes: -7},
	) + j.nameErrors()
}

func (j *js) nameErrors() string {
	_, none := j.Stream(j.ctx, "NONE")
	_, dots := j.Stream(j.ctx, "a.b")
	_, empty := j.Stream(j.ctx, "")
	_, subject := j.StreamNameBySubject(j.ctx, "nowhere")
	return fmt.Sprint(told(none), told(dots), told(empty), told(subject))
}

func streamUpdate() string {
	j := openJS("jetstream")
	defer j.close()
	config := jetstream.StreamConfig{Name: "UP", Subjects: []string{"up.a"}, MaxConsumers: 5}
	s := j.stream(config)
	j.fill("up.a", "up.a", "up.a")
	var out []string
	try := func(change func(*jetstream.StreamConfig)) {
		changed := config
		change(&changed)
		_, err := j.UpdateStream(j.ctx, changed)
		out = append(out, told(err))
	}
	try(func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage })
	try(func(c *jetstream.StreamConfig) { c.MaxConsumers = 6 })
	try(func(c *jetstream.StreamConfig) { c.Replicas = 3 })
	try(func(c *jetstream.StreamConfig) { c.FirstSeq = 9 })
	try(func(c *jetstream.StreamConfig) { c.AllowMsgCounter = true })
	try(func(c *jetstream.StreamConfig) { c.Subjects = []string{"up.a", "up.b"} })
	j.fill("up.b")
	try(func(c *jetstream.StreamConfig) { c.MaxMsgs, c.MaxAge = 2, time.Hour })
	try(func(c *jetstream.StreamConfig) { c.DenyDelete = true })
	try(func(c *jetstream.StreamConfig) { c.AllowMsgTTL = true })
	try(func(c *jetstream.StreamConfig) { c.Metadata = map[string]string{"a": "b"} })
	info, err := s.Info(j.ctx)
	must(err)
	return fmt.Sprint(out, asJSON(info.Config), j.state(s))
}

func (j *js) names(options ...jetstream.StreamListOpt) string {
	var names []string
	lister := j.StreamNames(j.ctx, options...)
	for name := range lister.Name() {
		names = append(names, name)
	}
	return fmt.Sprint(names, told(lister.Err()))
}

func streamList() string {
	j := openJS("jetstream")
	defer j.close()
	for _, name := range []string{"C", "A", "B"} {
		j.stream(jetstream.StreamConfig{Name: name, Subjects: []string{"list." + name, "l.>" + name}})
	}
	j.fill("list.A", "list.A")
	out := j.names() + j.names(jetstream.WithStreamListSubject("list.*")) +
		j.names(jetstream.WithStreamListSubject("list.B")) +
		j.names(jetstream.WithStreamListSubject("none"))
	lister := j.ListStreams(j.ctx)
	for info := range lister.Info() {
		out += fmt.Sprintf(" %s=%d", info.Config.Name, info.State.Msgs)
	}
	found, err := j.StreamNameBySubject(j.ctx, "list.C")
	return out + told(lister.Err()) + found + told(err) + j.manyNames()
}

// manyNames lists more streams than a page of names or of infos holds.
func (j *js) manyNames() string {
	for i := range 300 {
		j.stream(jetstream.StreamConfig{Name: fmt.Sprintf("M%03d", i),
			Storage: jetstream.MemoryStorage})
	}
	lister, infos := j.ListStreams(j.ctx), []string{}
	for info := range lister.Info() {
		infos = append(infos, info.Config.Name)
	}
	return fmt.Sprintf(" many %s %d sorted=%v %s", hash([]byte(j.names())), len(infos),
		sort.StringsAreSorted(infos), told(lister.Err()))
}

func streamSubjects() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "SUBJ", Subjects: []string{"s.>"}})
	j.fill("s.a", "s.b", "s.a", "s.c.d", "s.b", "s.a")
	must(s.DeleteMsg(j.ctx, 2))
	must(s.DeleteMsg(j.ctx, 4))
	var out []string
	for _, filter := range []string{">", "s.*", "s.a", "s.none", "other"} {
		out = append(out, filter+" "+j.state(s, jetstream.WithSubjectFilter(filter)))
	}
	out = append(out, j.state(s, jetstream.WithDeletedDetails(true)))
	for i, storage := range []jetstream.StorageType{jetstream.FileStorage, jetstream.MemoryStorage} {
		empty := j.stream(jetstream.StreamConfig{Name: fmt.Sprint("EMPTY", i), Storage: storage})
		out = append(out, j.state(empty, jetstream.WithDeletedDetails(true)))
	}
	return strings.Join(out, "; ")
}

func streamRestart() string {
	j := openJS("jetstream", jetstream.WithDefaultTimeout(patience))
	defer j.close()
	file := j.stream(jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"kept.>"},
		Compression: jetstream.S2Compression,
		Metadata:    map[string]string{"a": "b"}})
	memory := j.stream(jetstream.StreamConfig{Name: "LOST", Subjects: []string{"lost"},
		Storage: jetstream.MemoryStorage})
	j.fill("kept.a", "kept.b", "kept.a", "lost", "kept.c")
	out := j.put("kept.a", "once", jetstream.WithMsgID("id-1"))
	must(file.DeleteMsg(j.ctx, 2))
	before, err := file.Info(j.ctx)
	must(err)
	order("restart", "jetstream")
	eventually(j.nc.IsConnected)
	after, err := file.Info(j.ctx)
	must(err)
	out += fmt.Sprintf(" same config=%v created=%v; %s; %s; ",
		asJSON(before.Config) == asJSON(after.Config), before.Created.Equal(after.Created),
		j.state(file, jetstream.WithSubjectFilter(">"), jetstream.WithDeletedDetails(true)),
		j.state(memory))
	out += j.put("kept.a", "once", jetstream.WithMsgID("id-1")) + " " +
		j.put("kept.a", "more", jetstream.WithMsgID("id-2")) + " "
	for _, seq := range []uint64{1, 2, 5, 6} {
		out += raw(file.GetMsg(j.ctx, seq))
	}
	return out
}

func streamPurge() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "PURGE", Subjects: []string{"p.*"}})
	refill := func() { j.fill("p.a", "p.b", "p.a", "p.c", "p.a", "p.b") }
	var out []string
	try := func(options ...jetstream.StreamPurgeOpt) {
		out = append(out, told(s.Purge(j.ctx, options...))+" "+j.state(s))
	}
	refill()
	try(jetstream.WithPurgeSubject("p.a"), jetstream.WithPurgeKeep(1))
	try(jetstream.WithPurgeSubject("p.b"))
	try(jetstream.WithPurgeSequence(5))
	refill()
	try(jetstream.WithPurgeKeep(2))
	try(jetstream.WithPurgeSubject("p.none"))
	refill()
	try(jetstream.WithPurgeSubject("p.a"), jetstream.WithPurgeSequence(10))
	try(jetstream.WithPurgeSubject("*.*"), jetstream.WithPurgeKeep(1))
	try(jetstream.WithPurgeKeep(1), jetstream.WithPurgeSequence(10))
	try()
	try()
	refill()
	out = append(out, j.state(s))
	return strings.Join(out, "; ")
}

func streamDeleteMessage() string {
	j := openJS("jetstream")
	defer j.close()
	s := j.stream(jetstream.StreamConfig{Name: "DEL", Subjects: []string{"d"}})
	j.fill("d", "d", "d", "d", "d")
	out := told(s.DeleteMsg(j.ctx, 2)) + told(s.SecureDeleteMsg(j.ctx, 3)) + j.state(s)
	out += told(s.DeleteMsg(j.ctx, 2)) + told(s.DeleteMsg(j.ctx, 0)) + told(s.DeleteMsg(j.ctx, 99)) +
		told(s.SecureDeleteMsg(j.ctx, 3))
	out += raw(s.GetMsg(j.ctx, 3)) + told(s.DeleteMsg(j.ctx, 1)) + j.state(s) +
		told(s.DeleteMsg(j.ctx, 5)) + j.state(s, jetstream.WithDeletedDetails(true))
	return out + j.put("d", "6") + told(s.DeleteMsg(j.ctx, 4)) + told(s.DeleteMsg(j.ctx, 6)) +
		j.state(s) + j.put("d", "7")
}

func streamSealed() string {
	j := openJS("jetstream")
	defer j.close()
	config := jetstream.StreamConfig{Name: "SEAL", Subjects: []string{"seal"}}
	s := j.stream(config)
	j.fill("seal", "seal")
	config.DenyDelete, config.DenyPurge = true, true
	_, err := j.UpdateStream(j.ctx, config)
	out := told(err) + told(s.DeleteMsg(j.ctx, 1)) + told(s.SecureDeleteMsg(j.ctx, 1)) +
		told(s.Purge(j.ctx))
	config.Sealed = true
	_, err = j.UpdateStream(j.ctx, config)
	out += " sealed " + told(err) + j.put("seal", "x") + told(s.DeleteMsg(j.ctx, 1)) +
		told(s.Purge(j.ctx))
	info, err := s.Info(j.ctx)
	must(err)
	out += asJSON(info.Config)
	config.Sealed = false
	_, err = j.UpdateStream(j.ctx, config)
	return out + told(err) + j.state(s)
}

func streamMirror() string {
	j := openJS("jetstream")
	defer j.close()
	j.stream(jetstream.StreamConfig{Name: "ORIGIN", Subjects: []string{"o.*"}})
	j.fill("o.a", "o.b", "o.a")
	config := jetstream.StreamConfig{Name: "MIRROR", Mirror: &jetstream.StreamSource{Name: "ORIGIN"}}
	mirror := j.stream(config)
	turned := jetstream.SubjectTransformConfig{Source: "o.a", Destination: "from.a"}
	sourced := j.stream(jetstream.StreamConfig{Name: "SOURCED", Subjects: []string{"own"},
		Sources: []*jetstream.StreamSource{{Name: "ORIGIN",
			SubjectTransforms: []jetstream.SubjectTransformConfig{turned}}}})
	all := jetstream.WithSubjectFilter(">")
	for stream, want := range map[jetstream.Stream]uint64{mirror: 3, sourced: 2} {
		eventually(func() bool {
			info, err := stream.Info(j.ctx)
			return err == nil && info.State.Msgs >= want
		})
	}
	out := j.put("own", "x") + j.state(mirror, all) + j.state(sourced, all)
	out += raw(mirror.GetMsg(j.ctx, 2)) + raw(sourced.GetMsg(j.ctx, 1)) +
		asJSON(mirror.CachedInfo().Config) + asJSON(sourced.CachedInfo().Config)
	config.Mirror, config.Subjects = nil, []string{"promoted"}
	_, err := j.UpdateStream(j.ctx, config)
	out += told(err) + j.put("promoted", "x")
	return out + j.refusals(
		jetstream.StreamConfig{Subjects: []string{"x"}, Mirror: &jetstream.StreamSource{Name: "ORIGIN"}},
		jetstream.StreamConfig{Mirror: &jetstream.StreamSource{Name: "ORIGIN", FilterSubject: "a..b"}},
		jetstream.StreamConfig{Mirror: &jetstream.StreamSource{Name: "X"}},
		jetstream.StreamConfig{Mirror: &jetstream.StreamSource{Name: "ORIGIN"},
			Sources: []*jetstream.StreamSource{{Name: "ORIGIN"}}},
		jetstream.StreamConfig{Sources: []*jetstream.StreamSource{{Name: "ORIGIN"}, {Name: "ORIGIN"}}},
	)
}
