package main

import (
	"flag"
	"fmt"
	"strings"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

// What the kubelet logged since the last question about it.
var logged []string

// lines keeps what is logged, without time and place in the source.
type lines struct{}

func (lines) Init(logr.RuntimeInfo)            {}
func (lines) Enabled(int) bool                 { return true }
func (l lines) WithValues(...any) logr.LogSink { return l }
func (l lines) WithName(string) logr.LogSink   { return l }
func (lines) Info(level int, text string, values ...any) {
	logged = append(logged, fmt.Sprintf("V(%d) %s%s", level, strings.TrimSuffix(text, "\n"), shown(values)))
}
func (lines) Error(err error, text string, values ...any) {
	line := "E " + strings.TrimSuffix(text, "\n")
	if err != nil {
		line += ": " + err.Error()
	}
	logged = append(logged, line+shown(values))
}

func shown(values []any) string {
	text := ""
	for at := 0; at+1 < len(values); at += 2 {
		text += fmt.Sprintf(" %v=%q", values[at], fmt.Sprint(values[at+1]))
	}
	return text
}

func listenToLogs() {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	_ = flags.Set("v", "5")
	klog.SetLogger(logr.New(lines{}))
}

// told takes what was logged.
func told() []string {
	told := logged
	logged = nil
	return append([]string{}, told...)
}
