package wxsim

// An identity is a user as one app sees them after one login.
type identity struct {
	openID, unionID, nickname, avatar string
	person                            *person
	snapshot                          bool
	seenAt                            string // scheme and host by which the user's browser reached the simulator, if one did
}

// virtualName is what WeChat calls users whom it does not show.
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
	who := identity{openID: a.openID(p.User), unionID: p.UnionID, nickname: p.Nickname, avatar: p.HeadImgURL, person: p}
	if p.NoUnionID {
		who.unionID = ""
	}
	return who
}
