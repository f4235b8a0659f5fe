// Prints every event below a topic and misses none, with nothing but the standard library.
//
//	go run subscribe.go http://localhost:2069/json [cursor]
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

// Keep-alives come every 5 seconds: a stream that is silent for 12 is dead.
const silence = 12 * time.Second

// Subscribe calls back with each line, for ever; after a lost connection it goes on from the cursor of the last one.
func Subscribe(url, cursor string, handle func(line []byte)) error {
	for {
		if err := readStream(url, &cursor, handle); err != nil {
			return err
		}
		time.Sleep(time.Second)
	}
}

// readStream returns an error only if the request is wrong, and stays so.
func readStream(url string, cursor *string, handle func(line []byte)) error {
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/x-ndjson")
	if *cursor != "" {
		request.Header.Set("X-Fetch-Since-Cursor", *cursor)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil // the broker is away
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 && response.StatusCode < 500 {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	watchdog := time.AfterFunc(silence, func() { response.Body.Close() })
	defer watchdog.Stop()
	reader := bufio.NewReader(response.Body)
	for {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			return nil // the connection is lost; a line that was cut comes again
		}
		watchdog.Reset(silence)
		var event struct {
			StillAlive *float64 `json:"stillalive"`
			Cursor     string   `json:"pubsub_cursor"`
		}
		if err := json.Unmarshal(line, &event); err != nil {
			return fmt.Errorf("not from a broker: %w", err)
		}
		if event.StillAlive == nil {
			handle(line)
		}
		*cursor = event.Cursor
	}
}

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: subscribe <url> [cursor]")
	}
	url, cursor := os.Args[1], ""
	if len(os.Args) > 2 {
		cursor = os.Args[2]
	}
	log.Fatal(Subscribe(url, cursor, func(line []byte) { os.Stdout.Write(line) }))
}
