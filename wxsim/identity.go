package wxsim

// An identity is a user as an app sees them after a login.
type identity struct {
	openID, unionID, nickname, avatar string
	person                            *person
	snapshot                          bool
	// Scheme and host by which the user's browser reached the simulator, if one did.
	seenAt string
}

// virtualName is the nickname that WeChat gives instead of the user's own.
const virtualName = "微信用户"

func (a *app) identity(p *person, snapshot bool) identity {
	if snapshot {
		return identity{
			openID:   derivedID("snapshot", a.AppID, p.OpenID),
			unionID:  derivedID("snapshot", p.UnionID),
			nickname: virtualName,
			person:   p,
			snapshot: true,
		}
	}
	who := identity{
		openID: a.openID(p.User), unionID: p.UnionID, nickname: p.Nickname, avatar: p.HeadImgURL,
		person: p,
	}
	if p.NoUnionID {
		who.unionID = ""
	}
	return who
}
