// Command subscriber prints what arrives on a subject until it is interrupted.
//
//	subscriber 'greetings.>'
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/nats-io/nats.go"
)

func main() {
	nc, err := nats.Connect(os.Getenv("NATS_URL"), nats.Name("tutorial subscriber"))
	if err != nil {
		log.Fatal(err)
	}
	_, err = nc.Subscribe(os.Args[1], func(m *nats.Msg) {
		fmt.Printf("%s: %s\n", m.Subject, m.Data)
	})
	if err != nil {
		log.Fatal(err)
	}
	// After the flush the server knows of the subscription.
	if err := nc.Flush(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening")
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	<-interrupted
	// Drain delivers what is under way and ends by closing the connection.
	closed := nc.StatusChanged(nats.CLOSED)
	if err := nc.Drain(); err != nil {
		log.Fatal(err)
	}
	<-closed
	fmt.Println("bye")
}
