// Command requester asks a question and prints the answer.
//
//	requester time.now "in London"
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/nats-io/nats.go"
)

func main() {
	nc, err := nats.Connect(os.Getenv("NATS_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()
	answer, err := nc.Request(os.Args[1], []byte(os.Args[2]), 5*time.Second)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		fmt.Println("nobody serves", os.Args[1])
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Printf("answer: %s\n", answer.Data)
	}
}
