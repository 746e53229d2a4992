package wxsim

// APIRoutes are the routes of the control API, such as "GET users".
func APIRoutes() []string {
	var all []string
	for _, route := range apiRoutes() {
		all = append(all, route.method+" "+route.path)
	}
	return all
}
