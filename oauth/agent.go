package oauth

import "strings"

// The names of browsers and systems that a phone shows for a desktop. The text of a User-Agent is
// not shown, because anybody can choose it. A ticket contains the index of a name, so new names
// are added at the end, up to 16 browsers and 8 systems.
var (
	//nolint:gochecknoglobals // a constant table
	browserNames = [...]string{
		"", "Chrome", "Edge", "Firefox", "Safari", "Opera", "QQ Browser", "UC Browser", "Sogou",
		"Samsung Internet", "WeCom",
	}
	//nolint:gochecknoglobals // a constant table
	systemNames = [8]string{
		"", "Windows", "macOS", "Linux", "ChromeOS", "Android", "iOS", "HarmonyOS",
	}
)

// An agentMark is a part of a User-Agent and the index of a name.
type agentMark struct {
	mark string
	name int
}

// Parts of a User-Agent by which browsers and systems are recognized. The order matters: Edge also
// says Chrome, Chrome says Safari, and Android says Linux.
var (
	browserMarks = []agentMark{ //nolint:gochecknoglobals // a constant table
		{"wxwork/", 10},
		{"Edg/", 2},
		{"EdgA/", 2},
		{"EdgiOS/", 2},
		{"OPR/", 5},
		{"QQBrowser/", 6},
		{"UCBrowser/", 7},
		{"MetaSr", 8},
		{"SamsungBrowser/", 9},
		{"Firefox/", 3},
		{"FxiOS/", 3},
		{"CriOS/", 1},
		{"Chrome/", 1},
		{"Safari/", 4},
	}
	systemMarks = []agentMark{ //nolint:gochecknoglobals // a constant table
		{"OpenHarmony", 7},
		{"HarmonyOS", 7},
		{"Android", 5},
		{"iPhone", 6},
		{"iPad", 6},
		{"Windows", 1},
		{"CrOS", 4},
		{"Macintosh", 2},
		{"Linux", 3},
	}
)

// maxAgent is how many bytes of a User-Agent are searched.
const maxAgent = 512

// recognize returns the indices of the names of browser and system; 0 means an unknown one.
func recognize(userAgent string) (browser, system int) {
	userAgent = userAgent[:min(len(userAgent), maxAgent)]
	return named(browserMarks, userAgent), named(systemMarks, userAgent)
}

func named(marks []agentMark, userAgent string) int {
	for _, m := range marks {
		if strings.Contains(userAgent, m.mark) {
			return m.name
		}
	}
	return 0
}
