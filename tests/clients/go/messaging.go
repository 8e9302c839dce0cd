package main

import (
	"bytes"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/nats-io/nats.go"
)

var messaging = []scenario{
	{"connection-info", connectionInfo},
	{"publish-subscribe", publishSubscribe},
	{"wildcards", wildcards},
	{"queue-group", queueGroup},
	{"two-queue-groups", twoQueueGroups},
	{"request-reply", requestReply},
	{"request-many", requestMany},
	{"no-responders", noResponders},
	{"request-timeout", requestTimeout},
	{"headers", headers},
	{"empty-payload", emptyPayload},
	{"large-payload", largePayload},
	{"over-max-payload", overMaxPayload},
	{"unsubscribe-after", unsubscribeAfter},
	{"no-echo", noEcho},
	{"flush-rtt", flushRTT},
}

func connectionInfo() string {
	nc := dial("plain")
	defer nc.Close()
	id, err := nc.GetClientID()
	must(err)
	ip, err := nc.GetClientIP()
	must(err)
	return fmt.Sprintf(
		"max_payload=%d headers=%v auth=%v tls=%v name=%s version=%s client_id=%v ip=%v urls=%v",
		nc.MaxPayload(), nc.HeadersSupported(), nc.AuthRequired(), nc.TLSRequired(),
		nc.ConnectedServerName(),
		nc.ConnectedServerVersion(), id > 0, ip, nc.DiscoveredServers())
}

func publishSubscribe() string {
	nc, peer := dial("plain"), dial("plain")
	defer nc.Close()
	defer peer.Close()
	sub := subscribe(nc, "news.go")
	must(nc.Flush())
	for i := range 100 {
		must(peer.Publish("news.go", fmt.Appendf(nil, "message %d\n", i)))
	}
	must(peer.Flush())
	var bodies [][]byte
	for _, m := range take(sub, 100) {
		bodies = append(bodies, m.Data)
	}
	return fmt.Sprintf("count=%d hash=%s", len(bodies), hash(bodies...))
}

func wildcards() string {
	nc := dial("plain")
	defer nc.Close()
	out := ""
	subs := map[string]*nats.Subscription{}
	patterns := []string{"w.a.b", "w.*.b", "w.a.*", "w.>", "*.a.b", "w.*.*.c"}
	for _, p := range patterns {
		subs[p] = subscribe(nc, p)
	}
	publish(nc, "w.a.b", "w.x.b", "w.a", "w.a.b.c", "w", "other.a.b", "w.a.*")
	for _, p := range patterns {
		out += fmt.Sprintf("%s=%s ", p, subjects(take(subs[p], 1)))
	}
	return out
}

func queueGroup() string {
	nc := dial("plain")
	defer nc.Close()
	plain := subscribe(nc, "work.*")
	members := []*nats.Subscription{join(nc, "work.*", "crew"), join(nc, "work.go", "crew"),
		join(nc, "work.>", "crew")}
	for range 300 {
		must(nc.Publish("work.go", nil))
	}
	must(nc.Flush())
	total, idle := 0, 0
	seen := len(take(plain, 300))
	for _, m := range members {
		n := len(take(m, 1))
		total += n
		if n == 0 {
			idle++
		}
	}
	return fmt.Sprintf("plain=%d members=%d idle=%d", seen, total, idle)
}

func twoQueueGroups() string {
	nc := dial("plain")
	defer nc.Close()
	red := []*nats.Subscription{join(nc, "two.go", "red"), join(nc, "two.go", "red")}
	blue := []*nats.Subscription{join(nc, "two.*", "blue")}
	for range 50 {
		must(nc.Publish("two.go", nil))
	}
	must(nc.Flush())
	return fmt.Sprintf("red=%d blue=%d", len(take(red[0], 1))+len(take(red[1], 1)),
		len(take(blue[0], 50)))
}

func requestReply() string {
	nc := dial("plain")
	defer nc.Close()
	service, err := nc.Subscribe("svc.upper", func(m *nats.Msg) {
		_ = m.Respond(bytes.ToUpper(m.Data))
	})
	must(err)
	defer func() { _ = service.Unsubscribe() }()
	answer, err := nc.Request("svc.upper", []byte("hello"), patience)
	must(err)
	old := dial("plain", nats.UseOldRequestStyle())
	defer old.Close()
	second, err := old.Request("svc.upper", []byte("again"), patience)
	must(err)
	return fmt.Sprintf("%s %s", answer.Data, second.Data)
}

func requestMany() string {
	nc := dial("plain")
	defer nc.Close()
	for i := range 3 {
		_, err := nc.Subscribe("svc.many", func(m *nats.Msg) {
			_ = m.Respond(fmt.Appendf(nil, "answer %d", i))
		})
		must(err)
	}
	inbox := nc.NewRespInbox()
	sub := subscribe(nc, inbox)
	must(nc.PublishRequest("svc.many", inbox, []byte("all")))
	var got []string
	for _, m := range take(sub, 3) {
		got = append(got, string(m.Data))
	}
	sort.Strings(got)
	return fmt.Sprint(got)
}

func noResponders() string {
	nc := dial("plain")
	defer nc.Close()
	_, err := nc.Request("svc.nobody", []byte("x"), patience)
	inbox := nc.NewRespInbox()
	sub := subscribe(nc, inbox)
	must(nc.PublishRequest("svc.nobody", inbox, nil))
	m, other := sub.NextMsg(patience)
	if m != nil {
		return fmt.Sprintf("%v; header %v body %q", err, m.Header, m.Data)
	}
	return fmt.Sprintf("%v; %v", err, other)
}

func requestTimeout() string {
	nc := dial("plain")
	defer nc.Close()
	_ = subscribe(nc, "svc.silent")
	_, err := nc.Request("svc.silent", nil, quiet)
	return fmt.Sprint(err, " timeout=", errors.Is(err, nats.ErrTimeout))
}

func headers() string {
	nc := dial("plain")
	defer nc.Close()
	plain := dial("plain")
	defer plain.Close()
	sub := subscribe(nc, "headers.go")
	m := nats.NewMsg("headers.go")
	m.Header.Add("Colour", "red")
	m.Header.Add("Colour", "blue")
	m.Header.Add("lower-case", "kept")
	m.Header.Add("Empty", "")
	m.Header.Add("Sentence", "words, commas: and colons")
	m.Data = []byte("body")
	must(nc.PublishMsg(m))
	got := take(sub, 1)[0]
	return fmt.Sprintf("%v %q %q %s", got.Header.Values("Colour"), got.Header.Get("lower-case"),
		fmt.Sprint(got.Header), got.Data)
}

func emptyPayload() string {
	nc := dial("plain")
	defer nc.Close()
	sub := subscribe(nc, "empty.go")
	must(nc.Publish("empty.go", nil))
	must(nc.Publish("empty.go", []byte{}))
	got := take(sub, 2)
	return fmt.Sprintf("count=%d sizes=%d,%d", len(got), len(got[0].Data), len(got[1].Data))
}

// pattern is n bytes that no repetition of a short block could be mistaken for.
func pattern(n int) []byte {
	body := make([]byte, n)
	for i := range body {
		body[i] = byte(i*7 + i/251)
	}
	return body
}

func largePayload() string {
	nc := dial("plain")
	defer nc.Close()
	sub := subscribe(nc, "large.go")
	body := pattern(int(nc.MaxPayload()))
	must(nc.Publish("large.go", body))
	got := take(sub, 1)[0]
	return fmt.Sprintf("size=%d hash=%s same=%v", len(got.Data), hash(got.Data),
		bytes.Equal(got.Data, body))
}

func overMaxPayload() string {
	nc := dial("plain")
	defer nc.Close()
	return fmt.Sprint(nc.Publish("large.go", make([]byte, nc.MaxPayload()+1)))
}

func unsubscribeAfter() string {
	nc := dial("plain")
	defer nc.Close()
	sub := subscribe(nc, "auto.go")
	must(sub.AutoUnsubscribe(5))
	for range 10 {
		must(nc.Publish("auto.go", nil))
	}
	must(nc.Flush())
	got := 0
	for {
		_, err := sub.NextMsg(patience)
		if err != nil {
			return fmt.Sprintf("count=%d then %v, valid=%v", got, err, sub.IsValid())
		}
		got++
	}
}

func noEcho() string {
	nc, other := dial("plain", nats.NoEcho()), dial("plain")
	defer nc.Close()
	defer other.Close()
	own, foreign := subscribe(nc, "echo.go"), subscribe(other, "echo.go")
	must(nc.Flush())
	must(other.Flush())
	publish(nc, "echo.go")
	return fmt.Sprintf("other=%d own=%d", len(take(foreign, 1)), len(take(own, 0)))
}

func flushRTT() string {
	nc := dial("plain")
	defer nc.Close()
	rtt, err := nc.RTT()
	must(err)
	return fmt.Sprintf("flush=%v rtt>0=%v rtt<5s=%v", nc.FlushTimeout(patience), rtt > 0,
		rtt < 5*time.Second)
}
