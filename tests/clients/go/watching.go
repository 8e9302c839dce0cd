package main

import (
	"fmt"
	"sort"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

var watching = []scenario{
	{"kv-history", kvHistory},
	{"kv-watch", kvWatch},
	{"kv-keys", kvKeys},
	{"kv-markers", kvMarkers},
	{"kv-mirror", kvMirror},
}

func (j *js) filled(name string, history uint8) jetstream.KeyValue {
	kv := j.bucket(jetstream.KeyValueConfig{Bucket: name, History: history})
	for _, key := range []string{"a.one", "a.two", "b", "a.one", "a.one.deep"} {
		_, err := kv.Put(j.ctx, key, []byte("v "+key))
		must(err)
	}
	must(kv.Delete(j.ctx, "b"))
	return kv
}

func kvHistory() string {
	j := openJS("jetstream")
	defer j.close()
	kv := j.filled("HIST", 4)
	history := func(key string) string {
		all, err := kv.History(j.ctx, key)
		out := told(err)
		for _, e := range all {
			out += entry(e, nil)
		}
		return out
	}
	out := history("a.one") + history("b") + history("none") + history("a.*")
	for i := range 6 {
		_, err := kv.Put(j.ctx, "many", fmt.Appendf(nil, "%d", i))
		must(err)
	}
	out += history("many")
	must(kv.Purge(j.ctx, "many"))
	out += history("many") + told(kv.PurgeDeletes(j.ctx, jetstream.DeleteMarkersOlderThan(-1)))
	return out + history("many") + history("b") + status(j.ctx, kv)
}

func kvWatch() string {
	j := openJS("jetstream")
	defer j.close()
	kv := j.filled("WATCH", 40)
	watch := func(keys string, options ...jetstream.WatchOpt) string {
		w, err := kv.Watch(j.ctx, keys, options...)
		if err != nil {
			return told(err)
		}
		_, failed := kv.Put(j.ctx, "a.new", []byte("new"))
		must(failed)
		_, failed = kv.Put(j.ctx, "z", []byte("z"))
		must(failed)
		must(kv.Delete(j.ctx, "a.new"))
		out := seenAll(w)
		must(w.Stop())
		return "{" + out + "}"
	}
	return watch("a.*") + watch(">") + watch("a.>", jetstream.IncludeHistory()) +
		watch("a.*", jetstream.UpdatesOnly()) + watch(">", jetstream.MetaOnly()) +
		watch("a.*", jetstream.ResumeFromRevision(4)) + watch("none.*")
}

// seenAll is what a watcher tells until it is quiet.
func seenAll(w jetstream.KeyWatcher) string {
	out := ""
	for {
		select {
		case e := <-w.Updates():
			if e == nil {
				out += "|"
				continue
			}
			out += fmt.Sprintf("(%s %q %d %s)", e.Key(), e.Value(), e.Revision(), e.Operation())
		case <-time.After(quiet):
			return out
		}
	}
}

func kvKeys() string {
	j := openJS("jetstream")
	defer j.close()
	kv := j.filled("LISTKEYS", 4)
	empty := j.bucket(jetstream.KeyValueConfig{Bucket: "NOKEYS"})
	keys := func(all []string, err error) string {
		sort.Strings(all)
		return fmt.Sprint(all, told(err))
	}
	out := keys(kv.Keys(j.ctx)) + keys(empty.Keys(j.ctx))
	for _, filters := range [][]string{{"a.*"}, {"a.>", "b"}, {"none"}, {"a.*", "a.one"}} {
		lister, err := kv.ListKeysFiltered(j.ctx, filters...)
		if err != nil {
			out += told(err)
			continue
		}
		var all []string
		for key := range lister.Keys() {
			all = append(all, key)
		}
		out += keys(all, nil)
	}
	return out
}

func kvMarkers() string {
	j := openJS("jetstream")
	defer j.close()
	kv := j.bucket(jetstream.KeyValueConfig{Bucket: "MARKED", TTL: time.Second, History: 2,
		LimitMarkerTTL: time.Hour})
	w, err := kv.WatchAll(j.ctx)
	must(err)
	_, err = kv.Put(j.ctx, "aged", []byte("x"))
	must(err)
	_, err = kv.Create(j.ctx, "short", []byte("y"), jetstream.KeyTTL(time.Second))
	must(err)
	// Markers of the two come in any order.
	var got []string
	for len(got) < 4 {
		select {
		case e := <-w.Updates():
			if e != nil {
				got = append(got, fmt.Sprintf("(%s %q %s)", e.Key(), e.Value(), e.Operation()))
			}
		case <-time.After(patience):
			got = append(got, "nothing")
		}
	}
	sort.Strings(got)
	return fmt.Sprint(got)
}

func kvMirror() string {
	j := openJS("jetstream")
	defer j.close()
	j.filled("ORIGINAL", 4)
	mirror := j.bucket(jetstream.KeyValueConfig{Bucket: "COPY",
		Mirror: &jetstream.StreamSource{Name: "ORIGINAL"}})
	source := j.bucket(jetstream.KeyValueConfig{Bucket: "TAKER", History: 4,
		Sources: []*jetstream.StreamSource{{Name: "ORIGINAL"}}})
	out := ""
	for _, kv := range []jetstream.KeyValue{mirror, source} {
		want := map[string]uint64{"COPY": 4, "TAKER": 6}[kv.Bucket()]
		eventually(func() bool {
			s, err := kv.Status(j.ctx)
			return err == nil && s.Values() == want
		})
		keys, err := kv.Keys(j.ctx)
		sort.Strings(keys)
		w, failed := kv.Watch(j.ctx, "a.>")
		must(failed)
		out += status(j.ctx, kv) + fmt.Sprint(keys, told(err)) + seenAll(w)
	}
	return out + entry(source.Get(j.ctx, "a.one")) + entry(source.Get(j.ctx, "b")) +
		revision(mirror.Put(j.ctx, "through", []byte("x")))
}
