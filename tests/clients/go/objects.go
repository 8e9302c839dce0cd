package main

import (
	"bytes"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var objects = []scenario{
	{"object-life", objectLife},
	{"object-large", objectLarge},
	{"object-links", objectLinks},
	{"object-watch", objectWatch},
}

func (j *js) objects(config jetstream.ObjectStoreConfig) jetstream.ObjectStore {
	store, err := j.CreateObjectStore(j.ctx, config)
	must(err)
	j.made = append(j.made, "OBJ_"+config.Bucket)
	return store
}

func object(i *jetstream.ObjectInfo, err error) string {
	if err != nil {
		return told(err)
	}
	link := ""
	if i.Opts != nil && i.Opts.Link != nil {
		link = i.Opts.Link.Bucket + "/" + i.Opts.Link.Name
	}
	return fmt.Sprintf("(%s/%s %q %v %v %d %d %s deleted=%v %s %v)", i.Bucket, i.Name, i.Description,
		i.Headers, i.Metadata, i.Size, i.Chunks, i.Digest, i.Deleted, link, i.NUID != "")
}

func objectStatus(j *js, store jetstream.ObjectStore) string {
	s, err := store.Status(j.ctx)
	if err != nil {
		return told(err)
	}
	return fmt.Sprint(s.Bucket(), " ", s.Description(), s.TTL(), s.Storage(), s.Replicas(),
		s.Sealed(), s.Size() > 0, s.BackingStore(), s.IsCompressed(), s.Metadata())
}

func objectLife() string {
	j := openJS("jetstream")
	defer j.close()
	config := jetstream.ObjectStoreConfig{Bucket: "FILES", Description: "files", TTL: time.Hour,
		MaxBytes: 1 << 20, Compression: true, Metadata: map[string]string{"a": "b"}}
	store := j.objects(config)
	out := objectStatus(j, store)
	_, again := j.CreateObjectStore(j.ctx, jetstream.ObjectStoreConfig{Bucket: "FILES"})
	_, wrong := j.CreateObjectStore(j.ctx, jetstream.ObjectStoreConfig{Bucket: "a.b"})
	_, missing := j.ObjectStore(j.ctx, "NONE")
	out += told(again) + told(wrong) + told(missing)
	meta := jetstream.ObjectMeta{Name: "a file/with *", Description: "described",
		Headers:  nats.Header{"H": []string{"1", "2"}},
		Metadata: map[string]string{"k": "v"}, Opts: &jetstream.ObjectMetaOptions{ChunkSize: 10}}
	out += object(store.Put(j.ctx, meta, bytes.NewReader([]byte("0123456789abcdefghijklmno"))))
	out += object(store.PutString(j.ctx, "small", "x")) + object(store.PutBytes(j.ctx, "empty", nil))
	text, err := store.GetString(j.ctx, "a file/with *")
	out += fmt.Sprint(text, told(err)) + object(store.GetInfo(j.ctx, "small"))
	_, err = store.GetBytes(j.ctx, "none")
	out += told(err) + object(store.PutString(j.ctx, "small", "replaced"))
	out += told(store.UpdateMeta(j.ctx, "small", jetstream.ObjectMeta{Name: "renamed"})) +
		told(store.UpdateMeta(j.ctx, "renamed", jetstream.ObjectMeta{Name: "empty"})) +
		told(store.Delete(j.ctx, "empty")) + told(store.Delete(j.ctx, "none"))
	out += object(store.GetInfo(j.ctx, "empty")) +
		object(store.GetInfo(j.ctx, "empty", jetstream.GetObjectInfoShowDeleted()))
	all, err := store.List(j.ctx)
	sort.Slice(all, func(a, b int) bool { return all[a].Name < all[b].Name })
	for _, i := range all {
		out += object(i, err)
	}
	out += told(store.Seal(j.ctx)) + objectStatus(j, store)
	_, err = store.PutString(j.ctx, "late", "x")
	return out + told(err) + told(j.DeleteObjectStore(j.ctx, "FILES")) +
		told(j.DeleteObjectStore(j.ctx, "FILES"))
}

func objectLarge() string {
	j := openJS("jetstream")
	defer j.close()
	store := j.objects(jetstream.ObjectStoreConfig{Bucket: "LARGE"})
	content := make([]byte, 4<<20)
	for i := range content {
		content[i] = byte(i*7 + i/251)
	}
	out := object(store.PutBytes(j.ctx, "large", content))
	got, err := store.GetBytes(j.ctx, "large")
	s, failed := j.Stream(j.ctx, "OBJ_LARGE")
	must(failed)
	out += fmt.Sprint(len(got), hash(got), told(err)) + j.state(s)
	return out + told(store.Delete(j.ctx, "large")) + j.state(s)
}

func objectLinks() string {
	j := openJS("jetstream")
	defer j.close()
	store := j.objects(jetstream.ObjectStoreConfig{Bucket: "LINKS"})
	other := j.objects(jetstream.ObjectStoreConfig{Bucket: "OTHERS"})
	info, err := store.PutString(j.ctx, "target", "content")
	must(err)
	out := object(store.AddLink(j.ctx, "link", info)) + object(other.AddLink(j.ctx, "far", info)) +
		object(store.AddBucketLink(j.ctx, "whole", other))
	link, err := store.GetInfo(j.ctx, "link")
	must(err)
	out += object(store.AddLink(j.ctx, "twice", link)) + object(store.AddLink(j.ctx, "target", info))
	for _, name := range []string{"link", "whole"} {
		text, err := store.GetString(j.ctx, name)
		out += fmt.Sprint(text, told(err))
	}
	text, err := other.GetString(j.ctx, "far")
	out += fmt.Sprint(text, told(err)) + told(store.Delete(j.ctx, "target"))
	_, err = other.GetString(j.ctx, "far")
	return out + told(err) + fmt.Sprint(errors.Is(err, jetstream.ErrObjectNotFound))
}

func objectWatch() string {
	j := openJS("jetstream")
	defer j.close()
	store := j.objects(jetstream.ObjectStoreConfig{Bucket: "WATCHED"})
	_, err := store.PutString(j.ctx, "before", "1")
	must(err)
	w, err := store.Watch(j.ctx)
	must(err)
	news, err := store.Watch(j.ctx, jetstream.UpdatesOnly())
	must(err)
	_, err = store.PutString(j.ctx, "after", "2")
	must(err)
	must(store.Delete(j.ctx, "before"))
	out := ""
	for _, watcher := range []jetstream.ObjectWatcher{w, news} {
		for more := true; more; {
			select {
			case i := <-watcher.Updates():
				if i == nil {
					out += "|"
				} else {
					out += object(i, nil)
				}
			case <-time.After(quiet):
				more = false
			}
		}
		must(watcher.Stop())
		out += "; "
	}
	return out
}
