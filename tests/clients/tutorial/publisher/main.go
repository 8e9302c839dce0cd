// Command publisher sends its words as messages on a subject.
//
//	publisher greetings hello "good morning"
package main

import (
	"log"
	"os"

	"github.com/nats-io/nats.go"
)

func main() {
	log.SetFlags(0)
	nc, err := nats.Connect(os.Getenv("NATS_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()
	subject := os.Args[1]
	for _, word := range os.Args[2:] {
		if err := nc.Publish(subject, []byte(word)); err != nil {
			log.Fatal(err)
		}
		log.Printf("published %q on %s", word, subject)
	}
	if err := nc.Flush(); err != nil {
		log.Fatal(err)
	}
}
