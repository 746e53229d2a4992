package oauth

import "strings"

// What a desktop may be called on the phone. A User-Agent's own text is never shown: it could say
// anything. A ticket holds the index, so new names go to the end, up to 16 browsers and 8 systems.
var (
	browserNames = [...]string{"", "Chrome", "Edge", "Firefox", "Safari", "Opera", "QQ Browser", "UC Browser", "Sogou", "Samsung Internet", "WeCom"} //nolint:gochecknoglobals // a constant table
	systemNames  = [8]string{"", "Windows", "macOS", "Linux", "ChromeOS", "Android", "iOS", "HarmonyOS"}                                             //nolint:gochecknoglobals // a constant table
)

// Marks of browsers and systems in a User-Agent. The first that is there counts: Edge says Chrome,
// Chrome says Safari, and Android says Linux.
var (
	browserMarks = [...]struct { //nolint:gochecknoglobals // a constant table
		mark string
		name int
	}{
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
	systemMarks = [...]struct { //nolint:gochecknoglobals // a constant table
		mark string
		name int
	}{
		{"OpenHarmony", 7}, {"HarmonyOS", 7}, {"Android", 5}, {"iPhone", 6}, {"iPad", 6}, {"Windows", 1}, {"CrOS", 4}, {"Macintosh", 2}, {"Linux", 3},
	}
)

// maxAgent is how much of a User-Agent is looked at, in bytes.
const maxAgent = 512

// recognize returns the indices of the browser's and the system's names; 0 is another one.
func recognize(userAgent string) (browser, system int) {
	userAgent = userAgent[:min(len(userAgent), maxAgent)]
	for _, b := range browserMarks {
		if strings.Contains(userAgent, b.mark) {
			browser = b.name
			break
		}
	}
	for _, s := range systemMarks {
		if strings.Contains(userAgent, s.mark) {
			system = s.name
			break
		}
	}
	return browser, system
}
