package main

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

var keyValue = []scenario{
	{"kv-buckets", kvBuckets},
	{"kv-entries", kvEntries},
	{"kv-revisions", kvRevisions},
	{"kv-limits", kvLimits},
	{"kv-expiry", kvExpiry},
}

func (j *js) bucket(config jetstream.KeyValueConfig) jetstream.KeyValue {
	kv, err := j.CreateKeyValue(j.ctx, config)
	must(err)
	j.made = append(j.made, "KV_"+config.Bucket)
	return kv
}

func entry(e jetstream.KeyValueEntry, err error) string {
	if err != nil {
		return told(err)
	}
	return fmt.Sprintf("(%s %q %d %s delta=%d time=%v)", e.Key(), e.Value(), e.Revision(),
		e.Operation(), e.Delta(), !e.Created().IsZero())
}

func revision(rev uint64, err error) string {
	if err != nil {
		return told(err)
	}
	return fmt.Sprintf("(%d)", rev)
}

func status(ctx context.Context, kv jetstream.KeyValue) string {
	s, err := kv.Status(ctx)
	must(err)
	return fmt.Sprintf("%s values=%d history=%d ttl=%v %s bytes=%d compressed=%v marker=%v",
		s.Bucket(), s.Values(), s.History(), s.TTL(), s.BackingStore(), s.Bytes(), s.IsCompressed(),
		s.LimitMarkerTTL())
}

func kvBuckets() string {
	j := openJS("jetstream")
	defer j.close()
	config := jetstream.KeyValueConfig{Bucket: "FULL", Description: "all of it", MaxValueSize: 1000,
		History: 5, TTL: time.Hour, MaxBytes: 1 << 20, Compression: true,
		LimitMarkerTTL: time.Minute, Metadata: map[string]string{"a": "b"}}
	full := j.bucket(config)
	plain := j.bucket(jetstream.KeyValueConfig{Bucket: "PLAIN", Storage: jetstream.MemoryStorage})
	out := status(j.ctx, full) + "; " + status(j.ctx, plain) + "; "
	s, err := j.Stream(j.ctx, "KV_FULL")
	must(err)
	out += asJSON(s.CachedInfo().Config)
	_, again := j.CreateKeyValue(j.ctx, config)
	config.History = 3
	_, other := j.CreateKeyValue(j.ctx, config)
	changed, err := j.UpdateKeyValue(j.ctx, config)
	must(err)
	_, none := j.UpdateKeyValue(j.ctx, jetstream.KeyValueConfig{Bucket: "NONE"})
	_, missing := j.KeyValue(j.ctx, "NONE")
	_, wrong := j.CreateKeyValue(j.ctx, jetstream.KeyValueConfig{Bucket: "a.b"})
	_, large := j.CreateKeyValue(j.ctx, jetstream.KeyValueConfig{Bucket: "L", History: 65})
	out += fmt.Sprint(told(again), told(other), status(j.ctx, changed), told(none), told(missing),
		told(wrong), told(large))
	var names []string
	for name := range j.KeyValueStoreNames(j.ctx).Name() {
		names = append(names, name)
	}
	for one := range j.KeyValueStores(j.ctx).Status() {
		names = append(names, one.Bucket())
	}
	sort.Strings(names)
	return fmt.Sprint(out, names, told(j.DeleteKeyValue(j.ctx, "FULL")),
		told(j.DeleteKeyValue(j.ctx, "FULL")))
}

func kvEntries() string {
	j := openJS("jetstream")
	defer j.close()
	kv := j.bucket(jetstream.KeyValueConfig{Bucket: "ENTRIES", History: 4})
	out := entry(kv.Get(j.ctx, "none")) + revision(kv.Put(j.ctx, "a", []byte("one"))) +
		revision(kv.PutString(j.ctx, "b.c/d=e_f-g", "two")) + revision(kv.Put(j.ctx, "a", nil)) +
		entry(kv.Get(j.ctx, "a")) + entry(kv.GetRevision(j.ctx, "a", 1)) +
		entry(kv.GetRevision(j.ctx, "a", 2)) + entry(kv.GetRevision(j.ctx, "a", 9))
	out += told(kv.Delete(j.ctx, "a")) + entry(kv.Get(j.ctx, "a")) + status(j.ctx, kv) +
		entry(kv.GetRevision(j.ctx, "a", 1)) + told(kv.Purge(j.ctx, "a")) + status(j.ctx, kv) +
		entry(kv.GetRevision(j.ctx, "a", 1)) + entry(kv.Get(j.ctx, "b.c/d=e_f-g"))
	for _, key := range []string{"", ".a", "a.", "a b", "a*", ">"} {
		out += revision(kv.Put(j.ctx, key, nil))
	}
	return out + told(kv.Delete(j.ctx, "never"))
}

func kvRevisions() string {
	j := openJS("jetstream")
	defer j.close()
	kv := j.bucket(jetstream.KeyValueConfig{Bucket: "REVS"})
	out := revision(kv.Create(j.ctx, "k", []byte("1")))
	_, err := kv.Create(j.ctx, "k", []byte("2"))
	out += fmt.Sprint(told(err), errors.Is(err, jetstream.ErrKeyExists))
	out += revision(kv.Update(j.ctx, "k", []byte("2"), 1)) +
		revision(kv.Update(j.ctx, "k", []byte("3"), 1)) + revision(kv.Update(j.ctx, "new", nil, 0)) +
		told(kv.Delete(j.ctx, "k", jetstream.LastRevision(1))) +
		told(kv.Delete(j.ctx, "k", jetstream.LastRevision(2))) +
		revision(kv.Create(j.ctx, "k", []byte("anew"))) + entry(kv.Get(j.ctx, "k")) +
		told(kv.Purge(j.ctx, "k", jetstream.LastRevision(1))) + told(kv.Purge(j.ctx, "k")) +
		revision(kv.Create(j.ctx, "k", []byte("again")))
	return out + status(j.ctx, kv)
}

func kvLimits() string {
	j := openJS("jetstream")
	defer j.close()
	kv := j.bucket(jetstream.KeyValueConfig{Bucket: "SMALL", MaxValueSize: 100, MaxBytes: 500})
	out := revision(kv.Put(j.ctx, "a", []byte(strings.Repeat("x", 60)))) +
		revision(kv.Put(j.ctx, "a", []byte(strings.Repeat("x", 200))))
	for i := range 6 {
		out += revision(kv.Put(j.ctx, fmt.Sprintf("k%d", i), []byte(strings.Repeat("x", 50))))
	}
	return out + status(j.ctx, kv) + entry(kv.Get(j.ctx, "k0"))
}

func kvExpiry() string {
	j := openJS("jetstream")
	defer j.close()
	kv := j.bucket(jetstream.KeyValueConfig{Bucket: "EXPIRE", LimitMarkerTTL: time.Hour})
	plain := j.bucket(jetstream.KeyValueConfig{Bucket: "STAY"})
	out := revision(kv.Create(j.ctx, "a", []byte("x"), jetstream.KeyTTL(time.Second))) +
		revision(plain.Create(j.ctx, "a", []byte("x"), jetstream.KeyTTL(time.Second))) +
		revision(kv.Put(j.ctx, "b", []byte("x"))) +
		told(kv.Purge(j.ctx, "b", jetstream.PurgeTTL(time.Second)))
	s, err := j.Stream(j.ctx, "KV_EXPIRE")
	must(err)
	eventually(func() bool {
		_, marker := s.GetMsg(j.ctx, 3)
		_, value := s.GetMsg(j.ctx, 1)
		return marker != nil && value != nil
	})
	return out + entry(kv.Get(j.ctx, "a")) + entry(kv.Get(j.ctx, "b")) +
		j.state(s, jetstream.WithSubjectFilter(">")) + revision(kv.Create(j.ctx, "a", nil))
}
