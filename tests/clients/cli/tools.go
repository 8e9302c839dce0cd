//go:build tools

// Package tools keeps the commands that the scenarios run in go.mod.
package tools

import (
	_ "github.com/nats-io/nats-top"
	_ "github.com/nats-io/natscli/nats"
)
