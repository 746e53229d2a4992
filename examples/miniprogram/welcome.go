package main

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed try.txt
var try string

// welcome tells what to do next. The commands are indented by four spaces.
func welcome(s *settings, sim *simulator) string {
	const stop = "  Ctrl-C stops it.\n\n"
	text := fmt.Sprintf("\n  The server of a mini program\n\n  Server  %s\n", s.publicURL)
	if sim == nil {
		if s.pushToken != "" {
			text += fmt.Sprintf("  Push    %s/push   to be entered in WeChat's console\n",
				s.publicURL)
		}
		return text + stop
	}
	text += fmt.Sprintf("  WeChat  %s   simulated: no account, no phone and no internet needed\n\n",
		sim.URL)
	return text + strings.NewReplacer(
		"SERVER", s.publicURL, "WECHAT", sim.URL,
		"TOKEN", sim.console.Token, "KEY", sim.console.EncodingAESKey,
	).Replace(try) + stop
}
