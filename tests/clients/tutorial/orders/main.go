// Command orders is what every newcomer to JetStream writes: a stream ORDERS, some messages in
// it, a durable consumer MONITOR, and a batch of ten that it fetches and acknowledges.
//
//	orders publish 25
//	orders fetch
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	log.SetFlags(0)
	nc, err := nats.Connect(os.Getenv("NATS_URL"))
	check(err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stream, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:     "ORDERS",
		Subjects: []string{"orders.*"},
	})
	check(err)
	switch os.Args[1] {
	case "publish":
		count, err := strconv.Atoi(os.Args[2])
		check(err)
		for i := range count {
			ack, err := js.Publish(ctx, "orders.new", fmt.Appendf(nil, "order %d", i+1))
			check(err)
			log.Printf("stored in %s as %d", ack.Stream, ack.Sequence)
		}
	case "fetch":
		fetch(ctx, stream)
	case "delete":
		check(js.DeleteStream(ctx, "ORDERS"))
	}
}

func fetch(ctx context.Context, stream jetstream.Stream) {
	monitor, err := stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:   "MONITOR",
		AckPolicy: jetstream.AckExplicitPolicy,
	})
	check(err)
	batch, err := monitor.Fetch(10, jetstream.FetchMaxWait(time.Second))
	check(err)
	for message := range batch.Messages() {
		log.Printf("%s: %s", message.Subject(), message.Data())
		check(message.DoubleAck(ctx))
	}
	check(batch.Error())
	info, err := monitor.Info(ctx)
	check(err)
	log.Printf("%d to come, %d to be acknowledged, up to %d done", info.NumPending,
		info.NumAckPending, info.AckFloor.Stream)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
