package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

var lifecycle = []scenario{
	{"drain-subscription", drainSubscription},
	{"drain-connection", drainConnection},
	{"reconnect", reconnect},
	{"lame-duck", lameDuck},
}

// linger makes a callback slow, so that a drain finds messages waiting.
func linger() {
	for deadline := time.Now().Add(time.Millisecond); time.Now().Before(deadline); {
		runtime.Gosched()
	}
}

func drainSubscription() string {
	nc, peer := dial("plain"), dial("plain")
	defer nc.Close()
	defer peer.Close()
	got := make(chan string, 100)
	sub, err := nc.Subscribe("drain.go", func(m *nats.Msg) {
		linger()
		got <- string(m.Data)
	})
	must(err)
	ended := make(chan string, 1)
	sub.SetClosedHandler(func(subject string) { ended <- subject })
	must(nc.Flush())
	for range 20 {
		must(peer.Publish("drain.go", []byte("early")))
	}
	must(peer.Flush())
	must(nc.Flush())
	must(sub.Drain())
	closed := first(ended)
	publish(peer, "drain.go")
	must(nc.Flush())
	return fmt.Sprintf("delivered=%d closed=%s valid=%v", len(got), closed, sub.IsValid())
}

func drainConnection() string {
	peer := dial("plain")
	defer peer.Close()
	ended := make(chan string, 1)
	nc := dial("plain", nats.ClosedHandler(func(c *nats.Conn) {
		ended <- fmt.Sprintf("closed, last error %v", c.LastError())
	}))
	result := subscribe(peer, "drained.go")
	_, err := nc.QueueSubscribe("drain.conn", "group", func(m *nats.Msg) {
		linger()
		_ = nc.Publish("drained.go", m.Data)
	})
	must(err)
	must(nc.Flush())
	must(peer.Flush())
	for range 20 {
		must(peer.Publish("drain.conn", nil))
	}
	must(peer.Flush())
	must(nc.Flush())
	must(nc.Drain())
	how := first(ended)
	return fmt.Sprintf("%s; answers=%d publish=%v", how, len(take(result, 20)), nc.Publish("x", nil))
}

func reconnect() string {
	events := make(chan string, 10)
	nc := dial("plain",
		nats.ReconnectWait(50*time.Millisecond), nats.MaxReconnects(200),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			events <- fmt.Sprintf("disconnected (%v)", err)
		}),
		nats.ReconnectHandler(func(*nats.Conn) { events <- "reconnected" }))
	defer nc.Close()
	sub, crew := subscribe(nc, "again.*"), join(nc, "again.go", "crew")
	limited := subscribe(nc, "again.go")
	must(limited.AutoUnsubscribe(3))
	publish(nc, "again.go")
	before := len(take(sub, 1))
	order("restart", "plain")
	out := first(events) + ", " + first(events)
	for range 5 {
		must(nc.Publish("again.go", nil))
	}
	must(nc.Flush())
	return fmt.Sprintf("%s; before=%d after=%d queue=%d limited=%d reconnects=%d", out, before,
		len(take(sub, 5)), len(take(crew, 6)), len(take(limited, 3)), nc.Stats().Reconnects)
}

func lameDuck() string {
	told := make(chan string, 1)
	nc := dial("ldm", nats.LameDuckModeHandler(func(*nats.Conn) { told <- "told" }))
	defer nc.Close()
	sub := subscribe(nc, "duck.go")
	must(nc.Flush())
	order("ldm", "ldm")
	out := first(told)
	publish(nc, "duck.go")
	_, err := nats.Connect(url("ldm"), nats.Timeout(2*time.Second))
	refused := err != nil && strings.Contains(err.Error(), "no servers available")
	return fmt.Sprintf("%s; still delivers %d; newcomer refused=%v", out, len(take(sub, 1)), refused)
}
