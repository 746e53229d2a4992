package wxsim

// What apps and people look like on the pages.

// A look is the name and the picture of an app.
type look struct {
	Name, Logo, Initial string
	Hue                 int // of the square with the initial, if there is no logo
}

func (p page) look(a *app) look {
	if kind := p.KindName(a.Kind); a.Name == "" {
		return look{p.T("示例", "Demo ") + kind, a.Logo, initial(kind), hue(a.number)}
	}
	return look{a.Name, a.Logo, initial(a.Name), hue(a.number)}
}

// KindName returns the name of a kind of app.
func (p page) KindName(kind Kind) string {
	switch kind {
	case WebsiteApp:
		return p.T("网站应用", "website app")
	case MiniProgram:
		return p.T("小程序", "mini program")
	case Platform:
		return p.T("第三方平台", "third-party platform")
	default:
		return p.T("公众号", "official account")
	}
}

// hue returns a colour, in degrees. Those of neighbouring numbers are far apart.
func hue(number int) int { return (210 + number*137) % 360 }

// initial returns the first character of a name.
func initial(name string) string {
	for _, r := range name {
		return string(r)
	}
	return "?"
}
