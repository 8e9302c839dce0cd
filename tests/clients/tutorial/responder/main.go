// Command responder answers every request with the name of its subject and the body reversed.
//
//	responder 'mirror.*'
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"slices"

	"github.com/nats-io/nats.go"
)

func main() {
	nc, err := nats.Connect(os.Getenv("NATS_URL"))
	if err != nil {
		log.Fatal(err)
	}
	requests, err := nc.SubscribeSync(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening")
	for {
		m, err := requests.NextMsgWithContext(context.Background())
		if err != nil {
			log.Fatal(err)
		}
		body := slices.Clone(m.Data)
		slices.Reverse(body)
		if err := m.Respond(append([]byte(m.Subject+" "), body...)); err != nil {
			log.Fatal(err)
		}
	}
}
