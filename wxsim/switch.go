package wxsim

import "fmt"

// A Switch is a field of [Config] that is on or off. It has the same name as a flag of cmd/wxsim,
// in its file, on the page and in the control API.
type Switch struct {
	Name             string
	Chinese, English string // what it does

	in func(*Config) *bool
}

// In returns the field of a Config that the switch sets.
func (s Switch) In(c *Config) *bool { return s.in(c) }

// Switch returns the field of the switch with this name, or nil if there is none.
func (c *Config) Switch(name string) *bool {
	for _, s := range Switches() {
		if s.Name == name {
			return s.In(c)
		}
	}
	return nil
}

// Switches returns all switches.
func Switches() []Switch {
	return []Switch{
		{
			"auto", "不再询问，自动允许每次登录",
			"allow every login without asking, for scripts",
			func(c *Config) *bool { return &c.AutoAllow },
		},
		{
			"lax", "授权链接的参数顺序不限",
			"take the authorize page's parameters in any order, and unknown ones",
			func(c *Config) *bool { return &c.Lax },
		},
		{
			"rotate", "每次刷新都换一个 refresh_token",
			"give a new refresh_token at each refresh",
			func(c *Config) *bool { return &c.RotateRefreshTokens },
		},
		{
			"old-profiles", "wx.getUserProfile 返回真实昵称和头像（旧版客户端）",
			"let wx.getUserProfile tell nickname and avatar, as old clients do",
			func(c *Config) *bool { return &c.OldProfiles },
		},
		{
			"full-tickets", "jsapi_ticket 的 expires_in 始终是 7200",
			"let a JS-SDK ticket always say that it lives 7200 seconds",
			func(c *Config) *bool { return &c.FullTickets },
		},
		{
			"bankcard-id", "银行卡识别返回 id 而不是 number",
			"call the number of a bank card id, as the sample of its page does",
			func(c *Config) *bool { return &c.BankCardID },
		},
	}
}

// switches returns the state of each switch, by name.
func (s *Server) switches() map[string]bool {
	return hold(&s.holder, func(w *world) map[string]bool {
		on := map[string]bool{}
		for _, one := range Switches() {
			on[one.Name] = *one.In(&w.cfg)
		}
		return on
	})
}

// Switch turns a switch on or off. It fails if there is no switch with this name.
func (s *Server) Switch(name string, on bool) error {
	return hold(&s.holder, func(w *world) error {
		field := w.cfg.Switch(name)
		if field == nil {
			return fmt.Errorf("wxsim: no switch is called %q", name)
		}
		*field = on
		return nil
	})
}
