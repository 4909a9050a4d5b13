//go:build tools

// Package jaeger pins Jaeger v2, which is built from its own main package.
package jaeger

import _ "github.com/jaegertracing/jaeger/cmd/jaeger"
