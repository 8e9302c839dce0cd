// Command worker shares the messages of a subject with the other workers of its group.
//
//	worker jobs crew
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/nats-io/nats.go"
)

func main() {
	nc, err := nats.Connect(os.Getenv("NATS_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()
	jobs := make(chan *nats.Msg, 64)
	sub, err := nc.ChanQueueSubscribe(os.Args[1], os.Args[2], jobs)
	if err != nil {
		log.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening")
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	for {
		select {
		case m := <-jobs:
			fmt.Printf("%s\n", m.Data)
		case <-interrupted:
			if err := sub.Unsubscribe(); err != nil {
				log.Fatal(err)
			}
			return
		}
	}
}
