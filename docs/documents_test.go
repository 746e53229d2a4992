package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/markdown"
)

const chinese = ".zh-CN"

func TestBothLanguagesSayTheSame(t *testing.T) {
	for _, other := range markdown.All(t) {
		name, translated := strings.CutSuffix(other.Path, chinese+".md")
		if !translated {
			continue
		}
		t.Run(name, func(t *testing.T) {
			english := markdown.Read(t, name+".md")
			if a, b := english.Outline(), other.Outline(); !slices.Equal(a, b) {
				t.Errorf("levels of headings: %v, and in Chinese %v", a, b)
			}
			a, b := english.Blocks(), other.Blocks()
			for i := range min(len(a), len(b)) {
				if a[i].Language != b[i].Language || withoutComments(a[i].Code) != withoutComments(b[i].Code) {
					t.Errorf("code block %d differs:\n%s\nand in Chinese\n%s", i+1, a[i].Code, b[i].Code)
				}
			}
			require.Equal(t, len(b), len(a))
			rows, chineseRows := english.Rows(), other.Rows()
			require.Len(t, chineseRows, len(rows))
			for i, row := range rows {
				require.Equal(t, names(row), names(chineseRows[i]), "%v", chineseRows[i])
			}
		})
	}
}

// names are what stands between backquotes in the cells of a row, in the order of the alphabet.
func names(row []string) []string {
	found := regexp.MustCompile("`[^`]+`").FindAllString(strings.Join(row, " "), -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// commentForm finds comments of Go, JavaScript, shell and nginx: a mark between spaces.
var commentForm = regexp.MustCompile(`(?m)(?:^|[ \t]+)(?://|#) (.*)$`)

// withoutComments is what two languages share of a code block.
func withoutComments(code string) string { return commentForm.ReplaceAllString(code, "") }

// A reader of Chinese reads comments in Chinese, but for what is code itself.
func TestCommentsOfChineseBlocksAreChinese(t *testing.T) {
	code := regexp.MustCompile(`^(\S+|openssl .*|export .*)$`)
	for _, d := range markdown.All(t) {
		if !strings.HasSuffix(d.Path, chinese+".md") {
			continue
		}
		for _, b := range d.Blocks() {
			for _, m := range commentForm.FindAllStringSubmatch(b.Code, -1) {
				if !regexp.MustCompile(`\p{Han}`).MatchString(m[1]) && !code.MatchString(m[1]) {
					t.Errorf("%s has the comment %q", d.Path, m[1])
				}
			}
		}
	}
}

// A reader of one language is led to pages of that language, but by the link at the top.
func TestLinksKeepTheLanguage(t *testing.T) {
	all := markdown.All(t)
	pages := map[string]bool{}
	for _, d := range all {
		pages[d.Path] = true
	}
	for _, d := range all {
		english, translated := strings.CutSuffix(d.Path, chinese+".md")
		for _, link := range d.Links() {
			file, _, _ := strings.Cut(path.Join(path.Dir(d.Path), link), "#")
			twin, isChinese := strings.CutSuffix(file, chinese+".md")
			if translated && !isChinese {
				twin = strings.TrimSuffix(file, ".md") + chinese
			}
			if isChinese != translated && pages[twin+".md"] && !strings.HasPrefix(twin, strings.TrimSuffix(english, ".md")) {
				t.Errorf("%s links to %s, and there is %s.md", d.Path, link, twin)
			}
		}
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := markdown.All(t)
	anchors := map[string][]string{}
	for _, d := range all {
		anchors[d.Path] = d.Anchors()
	}
	for _, d := range all {
		for _, link := range d.Links() {
			if strings.Contains(link, ":") {
				continue // another site
			}
			file, anchor, _ := strings.Cut(link, "#")
			target := d.Path
			if file != "" {
				target = path.Join(path.Dir(d.Path), file)
			}
			if _, err := os.Stat(filepath.Join("..", target)); err != nil {
				t.Errorf("%s links to %s, which does not exist", d.Path, link)
			} else if anchor != "" && !slices.Contains(anchors[target], anchor) {
				t.Errorf("%s links to %s; its headings are %v", d.Path, link, anchors[target])
			}
		}
	}
}

var (
	commandForm = regexp.MustCompile("`((?:[A-Z_]+=\\S+ )*(?:make|go run|cd) [^`\n]+)`")

	targetForm = regexp.MustCompile(`(?m)^([a-z0-9-]+):`)
	makeForm   = regexp.MustCompile(`(?m)\bmake ([a-z]+)\b`)
	folderForm = regexp.MustCompile(`(?m)(?:\bcd |\./)([a-z0-9_/.-]+[a-z0-9_])`)
)

func TestShellCommandsExist(t *testing.T) {
	var targets []string
	for _, m := range targetForm.FindAllStringSubmatch(markdown.Read(t, "Makefile").Text, -1) {
		targets = append(targets, m[1])
	}
	for _, d := range markdown.All(t) {
		commands := strings.ReplaceAll(commands(d), "&& cd wxoauth\n", "\n") // into a clone
		for _, m := range makeForm.FindAllStringSubmatch(commands, -1) {
			require.Contains(t, targets, m[1], d.Path)
		}
		for _, m := range folderForm.FindAllStringSubmatch(commands, -1) {
			if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
				t.Errorf("%s names %s, which does not exist", d.Path, m[1])
			}
		}
	}
}

// commands are the shell blocks, and the commands within sentences.
func commands(d markdown.Document) string {
	var all strings.Builder
	for _, b := range d.Blocks() {
		if b.Language == "sh" {
			all.WriteString(b.Code)
		}
	}
	for _, m := range commandForm.FindAllStringSubmatch(d.Prose(), -1) {
		all.WriteString(m[1] + "\n")
	}
	return all.String()
}
