package oneline_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/oneline"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"小明 😀":                         "小明 😀",
		"a\x00b\x1bc\nd\re\tf":         "a b c d e f",
		"a\x7fb\u0085c\u2028d\u2029e":  "a b c d e",
		"\xff":                         "\uFFFD",
		"a\u202eb\u202cc\u2066d\u2069": "a b c d ",
		"מ\u200fים 👨‍👩‍👧":              "מ\u200fים 👨‍👩‍👧",
	} {
		require.Equal(t, want, oneline.Text(text), text)
	}
}

func TestAll(t *testing.T) {
	type name string
	type inner struct {
		Name  name
		Count int
	}
	type embedded struct{ Embedded string }
	type outer struct {
		embedded
		Text   string
		List   []inner
		Near   *inner
		None   *inner
		Any    any
		Map    map[string]string
		Deep   map[string]*inner
		hidden string
		anyMap map[string]any // filled by an UnmarshalJSON
	}
	got := outer{
		embedded{"j\n"},
		"a\nb",
		[]inner{{"c\x00", 1}, {"d", 2}},
		&inner{"e\u0085", 3}, nil, nil,
		map[string]string{"k": "f\tg"},
		map[string]*inner{"k": {"h\n", 4}},
		"i\n",
		map[string]any{"k": "l\n"},
	}
	oneline.All(&got)
	require.Equal(t, outer{
		embedded{"j "},
		"a b",
		[]inner{{"c ", 1}, {"d", 2}},
		&inner{"e ", 3}, nil, nil,
		map[string]string{"k": "f g"},
		map[string]*inner{"k": {"h ", 4}},
		"i\n",
		map[string]any{"k": "l\n"},
	}, got)

	var tree any
	require.NoError(t, json.Unmarshal([]byte(`{"a":["x\ny",1,null,{"b":"\u0000"}]}`), &tree))
	oneline.All(&tree)
	require.Equal(t, map[string]any{"a": []any{"x y", float64(1), nil, map[string]any{"b": " "}}}, tree)
}
