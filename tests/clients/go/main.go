// Command scenarios drives a NATS server through nats.go and prints what it saw,
// one `name: outcome` line per scenario. The servers come from the environment.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// patience is how long a scenario waits for something that must happen.
const patience = 5 * time.Second

// quiet is how long it waits to see that nothing (more) happens.
const quiet = 250 * time.Millisecond

type scenario struct {
	name string
	run  func() string
}

func main() {
	all := slices.Concat(messaging, lifecycle, security, streams, publishing, keyValue,
		consumers, watching, objects)
	for _, s := range all {
		fmt.Printf("%s: %s\n", s.name, guarded(s.run))
	}
}

// guarded turns a panic of must into the outcome FAIL.
func guarded(run func() string) (outcome string) {
	defer func() {
		if r := recover(); r != nil {
			outcome = "FAIL " + strings.ReplaceAll(fmt.Sprint(r), "\n", " ")
		}
	}()
	return run()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func url(fixture string) string { return os.Getenv("URL_" + strings.ToUpper(fixture)) }

func cert(name string) string { return os.Getenv("CERTS") + "/" + name + ".pem" }

func dial(fixture string, options ...nats.Option) *nats.Conn {
	nc, err := nats.Connect(url(fixture), options...)
	must(err)
	return nc
}

// attempt connects, flushes and tells how that went.
func attempt(fixture string, options ...nats.Option) string {
	nc, err := nats.Connect(url(fixture), append(options, nats.NoReconnect())...)
	if err != nil {
		return fmt.Sprintf("[%v]", err)
	}
	defer nc.Close()
	if err := nc.FlushTimeout(patience); err != nil {
		return fmt.Sprintf("[flush %v]", err)
	}
	return "[connected]"
}

// order asks the driver to do something to a server and waits until it is done.
func order(verb, fixture string) {
	fmt.Printf("@%s %s\n", verb, fixture)
	answer, err := stdin.ReadString('\n')
	must(err)
	if strings.TrimSpace(answer) != "@done" {
		panic("driver answered " + answer)
	}
}

var stdin = bufio.NewReader(os.Stdin)

func hash(chunks ...[]byte) string {
	h := sha256.New()
	for _, c := range chunks {
		h.Write(c)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func subscribe(nc *nats.Conn, subject string) *nats.Subscription {
	sub, err := nc.SubscribeSync(subject)
	must(err)
	return sub
}

func join(nc *nats.Conn, subject, queue string) *nats.Subscription {
	sub, err := nc.QueueSubscribeSync(subject, queue)
	must(err)
	return sub
}

// take reads up to want messages and then makes sure that none follows.
func take(sub *nats.Subscription, want int) []*nats.Msg {
	var got []*nats.Msg
	for {
		wait := patience
		if len(got) >= want {
			wait = quiet
		}
		m, err := sub.NextMsg(wait)
		if err != nil {
			return got
		}
		got = append(got, m)
	}
}

func subjects(msgs []*nats.Msg) string {
	var names []string
	for _, m := range msgs {
		names = append(names, m.Subject)
	}
	return fmt.Sprint(names)
}

func publish(nc *nats.Conn, names ...string) {
	for _, name := range names {
		must(nc.Publish(name, []byte(name)))
	}
	must(nc.FlushTimeout(patience))
}

// first waits for the next value, or says that there was none.
func first(from <-chan string) string {
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		return "nothing"
	}
}
